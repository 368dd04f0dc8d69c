import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

/** https://datatracker.ietf.org/doc/html/rfc9110#section-7.6.1; what `connection` names goes too. */
const hopByHop = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** The trace that a request belongs to. */
export interface Trace {
  readonly trace: string;
  readonly spanId: string;
}

/** Continues the caller's trace (`traceparent`, else `X-Cloud-Trace-Context`), or begins one. */
export function traceOf(headers: IncomingHttpHeaders): Trace {
  const spanId = randomBytes(8).toString("hex");
  const w3c = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-/.exec(String(headers.traceparent ?? ""))?.[1];
  const google = /^([0-9a-f]{32})(\/|$)/i.exec(String(headers["x-cloud-trace-context"] ?? ""))?.[1];
  return { trace: w3c ?? google ?? randomBytes(16).toString("hex"), spanId };
}

/** The caller's headers as Cloud Run hands them on; `keepUpgrade` for a WebSocket's. HTTP/2's own are dropped. */
export function forwardedHeaders(options: {
  readonly headers: IncomingHttpHeaders;
  readonly host: string;
  readonly remoteIp: string;
  readonly proto: "http" | "https";
  readonly trace: Trace;
  readonly keepUpgrade?: boolean;
}): Record<string, string | string[]> {
  const { headers, host, remoteIp, proto, trace } = options;
  const kept = withoutHops(headers);
  const before = headers["x-forwarded-for"];
  return {
    ...kept,
    ...(headers["transfer-encoding"] === undefined ? {} : { "transfer-encoding": "chunked" }),
    ...(options.keepUpgrade === true ? { connection: "Upgrade", upgrade: headers.upgrade ?? "websocket" } : {}),
    host,
    "x-forwarded-for": before === undefined ? remoteIp : `${before},${remoteIp}`,
    "x-forwarded-proto": proto,
    forwarded: `for="${remoteIp}";proto=${proto}`,
    traceparent: `00-${trace.trace}-${trace.spanId}-01`,
    "x-cloud-trace-context": `${trace.trace}/${BigInt(`0x${trace.spanId}`)};o=1`,
  };
}

/** Headers of an answer as they go back to the caller. */
export function withoutHops(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const dropped = new Set([
    ...hopByHop,
    ...String(headers.connection ?? "")
      .toLowerCase()
      .split(",")
      .map((name) => name.trim()),
  ]);
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !dropped.has(name) && !name.startsWith(":")) kept[name] = value;
  }
  return kept;
}

/** The caller's address, without the prefix that IPv4 has on an IPv6 socket. */
export const remoteIpOf = (req: IncomingMessage): string =>
  (req.socket?.remoteAddress ?? "127.0.0.1").replace(/^::ffff:/, "");
