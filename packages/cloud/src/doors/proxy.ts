import type { IncomingMessage, ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { http } from "../node-http.ts";
import { hostnameOf, isCloudHost, isLoopback } from "./hosts.ts";

export interface ProxyOptions {
  /** Every host but Google's and this machine is refused. */
  readonly offline?: boolean;
  /** Hosts of Google's that are let through to the real one: `generativelanguage.googleapis.com`, `*.example.com`. */
  readonly pass?: readonly string[];
}

/** What becomes of a host that a program dials through the proxy. */
export type Fate = "here" | "tunnel" | "refuse";

export function fateOf(hostname: string, { offline = false, pass = [] }: ProxyOptions): Fate {
  if (pass.some((each) => matches(hostname, each.toLowerCase()))) return "tunnel";
  if (isCloudHost(hostname)) return "here";
  return offline && !isLoopback(hostname) ? "refuse" : "tunnel";
}

function matches(hostname: string, pattern: string): boolean {
  return pattern.startsWith("*.") ? hostname.endsWith(pattern.slice(1)) : hostname === pattern;
}

export interface Target {
  readonly hostname: string;
  readonly port: number;
}

/** `host:443`, `[::1]:443`; undefined for what is none. */
export function targetOf(authority: string, defaultPort?: number): Target | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^:/@\s]+)(?::(\d{1,5}))?$/i.exec(authority);
  const port = match?.[2] === undefined ? defaultPort : Number(match[2]);
  const hostname = hostnameOf(match?.[1]);
  if (hostname === undefined || port === undefined || port < 1 || port > 65_535) return undefined;
  return { hostname, port };
}

export const refusedText = (hostname: string): string =>
  `The local cloud is offline (--offline): ${hostname} is not reached. Start it without --offline, or let the host through with --pass ${hostname}.\n`;

const connectTimeoutMs = 30_000;

/** Joins a client with the host it asked for, both ways, until both are done. `opened` is told before any byte flows. */
export function tunnel(
  client: Socket,
  target: Target,
  head: Buffer,
  failed: (status: number, why: string) => void,
): void {
  const upstream = connect({
    host: target.hostname.replace(/^\[|\]$/g, ""),
    port: target.port,
    allowHalfOpen: true,
    noDelay: true,
  });
  let open = false;
  const end = (): void => {
    clearTimeout(timer);
    upstream.destroy();
    client.destroy();
  };
  const timer = setTimeout(() => {
    if (open) return;
    upstream.destroy();
    failed(504, `${target.hostname}:${target.port} does not answer.`);
  }, connectTimeoutMs);
  timer.unref();
  upstream.on("error", (error) => {
    if (open) return end();
    clearTimeout(timer);
    failed(502, `${target.hostname}:${target.port} cannot be reached: ${error.message}.`);
  });
  client.on("error", end);
  client.on("close", end);
  upstream.on("connect", () => {
    open = true;
    clearTimeout(timer);
    upstream.on("close", () => client.destroySoon());
    client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (head.length > 0) upstream.write(head);
    client.pipe(upstream);
    upstream.pipe(client);
  });
}

const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Sends an absolute-form request (`GET http://host/path`) on to its host, and the answer back. */
export function forward(req: IncomingMessage, res: ServerResponse, target: Target, path: string): void {
  const dropped = new Set([...hopByHop, ...(req.headers.connection ?? "").toLowerCase().split(/\s*,\s*/)]);
  const outgoing = http.request({
    host: target.hostname.replace(/^\[|\]$/g, ""),
    port: target.port,
    method: req.method ?? "GET",
    path,
    setHost: false,
    headers: kept(req.rawHeaders, dropped, {
      host: target.port === 80 ? target.hostname : `${target.hostname}:${target.port}`,
    }),
    timeout: connectTimeoutMs,
  });
  outgoing.on("timeout", () => outgoing.socket?.connecting && outgoing.destroy(new Error("it does not answer")));
  outgoing.on("response", (incoming) => {
    res.writeHead(incoming.statusCode ?? 502, incoming.statusMessage, kept(incoming.rawHeaders, hopByHop));
    incoming.pipe(res);
    incoming.on("error", () => res.destroy());
  });
  outgoing.on("error", (error) => {
    if (res.headersSent) return void res.destroy();
    const text = `${target.hostname}:${target.port} cannot be reached: ${error.message}.\n`;
    res.writeHead(502, { "content-type": "text/plain; charset=utf-8" }).end(text);
  });
  res.on("close", () => outgoing.destroy());
  req.pipe(outgoing);
}

/** Headers as they came, but for these; repeated ones stay repeated. */
function kept(
  raw: readonly string[],
  dropped: ReadonlySet<string>,
  set: Readonly<Record<string, string>> = {},
): Record<string, string[] | string> {
  const headers: Record<string, string[] | string> = { ...set };
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? "";
    const lower = name.toLowerCase();
    if (dropped.has(lower) || Object.hasOwn(set, lower)) continue;
    const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
    headers[name] = [...(Array.isArray(before) ? before : []), raw[at + 1] ?? ""];
  }
  return headers;
}
