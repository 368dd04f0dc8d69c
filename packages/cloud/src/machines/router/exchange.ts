import { Agent, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import { Transform, type Writable } from "node:stream";
import type { Instance } from "../instances/instance.ts";
import { containerAddress } from "../instances/probes.ts";
import { withoutHops } from "./forwarding.ts";

/** The most that Cloud Run takes of a request's body over HTTP/1: https://cloud.google.com/run/quotas#request_limits */
export const maxBodyBytes = 32 * 1024 * 1024;

export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly path: string;
  readonly instance: Instance;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** A `set-cookie` of the front end's own. */
  readonly cookie?: string | undefined;
  /** Ends it: the caller went away, or its time is over. */
  readonly signal: AbortSignal;
}

/**
 * A connection for this request alone, which the program need not close: one that it closes at once can lose an answer
 * given before the request was read.
 */
class OneTimeAgent extends Agent {
  override keepSocketAlive(): boolean {
    return false;
  }
}
const oneTime = new OneTimeAgent({ keepAlive: true });

/** The caller sent more than is allowed. */
export class BodyTooLarge extends Error {}

/** Counts what passes, and refuses what is too much. */
export interface Counts {
  requestBytes: number;
  responseBytes: number;
}

/**
 * Hands a request to the program over HTTP/1.1 and its answer back, both as they come. Resolves when the answer has been
 * handed over; rejects when the connection fails, with `BodyTooLarge`, or with the signal's reason.
 */
export async function exchangeHttp1(exchange: Exchange, counts: Counts): Promise<void> {
  if (!repeatable(exchange.req)) return sendHttp1(exchange, counts, oneTime);
  try {
    await sendHttp1(exchange, counts, exchange.instance.connections);
  } catch (thrown) {
    if (!(thrown instanceof StaleConnection)) throw thrown;
    await sendHttp1(exchange, counts, oneTime);
  }
}

/** A kept connection broke before a byte of an answer: the program had closed it. */
class StaleConnection extends Error {}

/**
 * Whether a request may go over a kept connection, which may turn out to be closed: it can then be sent again, as RFC 9110
 * (9.2.2) allows for what changes nothing. All others get a connection of their own.
 */
function repeatable({ method, headers }: IncomingMessage): boolean {
  const bodyless = headers["content-length"] === undefined && headers["transfer-encoding"] === undefined;
  return bodyless && (method === "GET" || method === "HEAD" || method === "OPTIONS");
}

function sendHttp1(
  { req, res, path, instance, headers, cookie, signal }: Exchange,
  counts: Counts,
  agent: Agent,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const upstream = request({
      host: containerAddress,
      port: instance.port(),
      method: req.method ?? "GET",
      path,
      headers: { ...headers },
      agent,
      setHost: false,
    });
    let answered = false;
    const fail = whenFailed({
      upstream,
      signal,
      reject: (error) => {
        const stale = upstream.reusedSocket && !answered && !signal.aborted;
        reject(stale ? new StaleConnection(error.message) : error);
      },
    });
    upstream.once("response", (answer) => {
      answered = true;
      answer.once("error", fail);
      res.writeHead(answer.statusCode ?? 502, answerHeaders(answer.headers, cookie));
      res.flushHeaders();
      answer.on("data", (chunk: Buffer) => {
        counts.responseBytes += chunk.length;
      });
      answer.once("end", () => {
        res.addTrailers(answer.trailers as Record<string, string>);
      });
      answer.pipe(res);
      answer.once("aborted", () => fail(new Error("the program ended its answer early")));
      res.once("finish", resolve);
    });
    if (repeatable(req)) upstream.end();
    else sendBody(req, upstream, counts, fail);
  });
}

function answerHeaders(
  headers: IncomingMessage["headers"],
  cookie: string | undefined,
): Record<string, string | string[]> {
  const kept = withoutHops(headers);
  return cookie === undefined ? kept : { ...kept, "set-cookie": [...(headers["set-cookie"] ?? []), cookie] };
}

const sessions = new WeakMap<Instance, ClientHttp2Session>();

/** The same over HTTP/2 in the clear, for a container whose port is named `h2c`; trailers go through, as gRPC needs. */
export function exchangeHttp2(
  { req, res, path, instance, headers, cookie, signal }: Exchange,
  counts: Counts,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const { host, "transfer-encoding": _, connection: __, upgrade: ___, ...rest } = headers;
    const stream = sessionOf(instance).request({
      ...rest,
      ...(req.headers.te === "trailers" || String(rest["content-type"] ?? "").startsWith("application/grpc")
        ? { te: "trailers" }
        : {}),
      ":method": req.method ?? "GET",
      ":path": path,
      ":authority": String(host ?? ""),
    });
    const fail = whenFailed({ upstream: stream, signal, reject });
    stream.once("response", (answer) => {
      res.writeHead(answer[":status"] ?? 502, answerHeaders(answer as IncomingMessage["headers"], cookie));
      res.flushHeaders();
    });
    stream.once("trailers", (trailers) =>
      res.addTrailers(withoutHops(trailers as IncomingMessage["headers"]) as Record<string, string>),
    );
    stream.on("data", (chunk: Buffer) => {
      counts.responseBytes += chunk.length;
    });
    stream.pipe(res);
    res.once("finish", resolve);
    sendBody(req, stream, counts, fail);
  });
}

function sessionOf(instance: Instance): ClientHttp2Session {
  const known = sessions.get(instance);
  if (known !== undefined && !known.closed && !known.destroyed) return known;
  const session = connect(`http://${containerAddress}:${instance.port()}`);
  session.on("error", () => session.destroy());
  session.unref();
  void instance.gone.then(() => session.destroy());
  sessions.set(instance, session);
  return session;
}

/** The one way an exchange fails: told once, and the program's side closed. */
function whenFailed(options: {
  readonly upstream: Writable;
  readonly signal: AbortSignal;
  readonly reject: (error: Error) => void;
}): (error: Error) => void {
  const { upstream, signal, reject } = options;
  const stop = (): void => fail(signal.reason as Error);
  const fail = (error: Error): void => {
    signal.removeEventListener("abort", stop);
    reject(error);
    upstream.destroy();
  };
  upstream.on("error", fail);
  upstream.once("close", () => signal.removeEventListener("abort", stop));
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  return fail;
}

function sendBody(
  req: IncomingMessage,
  upstream: NodeJS.WritableStream,
  counts: Counts,
  fail: (error: Error) => void,
): void {
  const limited = req.httpVersionMajor < 2;
  const counting = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      counts.requestBytes += chunk.length;
      if (limited && counts.requestBytes > maxBodyBytes) done(new BodyTooLarge());
      else done(null, chunk);
    },
  });
  counting.once("error", fail);
  req.once("error", fail);
  req.pipe(counting).pipe(upstream);
}
