import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import type { RpcEndpoint } from "./api.ts";
import type { Apis } from "./apis.ts";
import { Frames, parseTimeout } from "./grpc-frames.ts";
import { MessageQueue } from "./grpc-queue.ts";
import { GrpcReply } from "./grpc-reply.ts";
import { type CallContext, type Invoker, notImplemented } from "./invoke.ts";
import { RpcError } from "./rpc-error.ts";
import type { SchemaSet } from "./schemas.ts";
import { asRpcError } from "./status.ts";

export interface GrpcDoorParts {
  readonly apis: Apis;
  readonly invoker: Invoker;
  readonly schemas: SchemaSet;
  readonly onBug: (thrown: unknown) => void;
}

/** Where a call came in: the API and region that its authority names, if it names one. */
export interface GrpcTarget {
  readonly api?: string;
  readonly region?: string;
}

/** Serves one HTTP/2 stream whose content type is `application/grpc`. */
export type GrpcDoor = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, target: GrpcTarget) => void;

export function createGrpcDoor(parts: GrpcDoorParts): GrpcDoor {
  return (stream, headers, target) => new Exchange(parts, stream, headers, target).open();
}

class Exchange {
  readonly #parts: GrpcDoorParts;
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #target: GrpcTarget;
  readonly #reply: GrpcReply;
  #call: CallContext | undefined;
  #timer: NodeJS.Timeout | undefined;
  #gone: RpcError | undefined;

  constructor(parts: GrpcDoorParts, stream: ServerHttp2Stream, headers: IncomingHttpHeaders, target: GrpcTarget) {
    this.#parts = parts;
    this.#stream = stream;
    this.#headers = headers;
    this.#target = target;
    this.#reply = new GrpcReply(stream, parts.schemas);
  }

  open(): void {
    const stream = this.#stream;
    stream.on("error", () => undefined);
    stream.once("close", () => {
      clearTimeout(this.#timer);
      if (!this.#reply.ended || stream.rstCode !== 0) this.#stop(new RpcError("CANCELLED", "The client went away."));
    });
    const timeoutMs = parseTimeout(this.#headers["grpc-timeout"] as string | undefined);
    if (timeoutMs !== undefined) {
      const late = (): void => {
        const error = new RpcError("DEADLINE_EXCEEDED", "Deadline Exceeded");
        this.#stop(error);
        this.#reply.error(error);
      };
      this.#timer = setTimeout(late, Math.min(timeoutMs, 2 ** 31 - 1));
      this.#timer.unref();
    }
    this.#collect();
  }

  #stop(why: RpcError): void {
    this.#gone ??= why;
    this.#call?.abort(why);
  }

  #fail(thrown: unknown): void {
    this.#reply.error(asRpcError(thrown, this.#parts.onBug));
  }

  /** Reads messages as they come: the first opens the call, a unary one when the request has ended. */
  #collect(): void {
    const encoding = String(this.#headers["grpc-encoding"] ?? "identity");
    if (encoding !== "identity" && encoding !== "gzip") {
      return this.#fail(new RpcError("UNIMPLEMENTED", `grpc: the message encoding ${encoding} is not supported.`));
    }
    const frames = new Frames(encoding);
    const path = String(this.#headers[":path"]).slice(1);
    const bodies: Uint8Array[] = [];
    let queue: MessageQueue | undefined;
    let ended = false;

    const run = (endpoint: RpcEndpoint | undefined): void => {
      if (endpoint?.method === undefined) throw this.#missing(path, endpoint);
      if (endpoint.streams === "none") return this.#unary(endpoint, bodies);
      const first = bodies.shift();
      if (first === undefined) throw new RpcError("UNIMPLEMENTED", "The request has no message.");
      queue = new MessageQueue(this.#stream, endpoint.input);
      for (const body of bodies) queue.push(body);
      if (ended) queue.end();
      this.#serveStream(endpoint, first, queue);
    };
    const start = (): void => {
      const operation = path.startsWith("google.longrunning.") ? operationName(bodies[0]) : undefined;
      const found = this.#parts.apis.endpoint(path, this.#target.api, operation);
      if (!(found instanceof Promise)) return run(found);
      found.then(run).catch((thrown) => this.#fail(thrown));
    };

    let begun = false;
    this.#stream.on("data", (chunk: Buffer) => {
      if (this.#reply.ended) return;
      try {
        for (const body of frames.push(chunk)) {
          if (queue === undefined) bodies.push(body);
          else queue.push(body);
        }
        // A bidirectional call begins with its first message, while its request stays open.
        if (!begun && bodies.length > 0 && this.#opensEarly(path)) {
          begun = true;
          start();
        }
      } catch (thrown) {
        queue?.fail(thrown);
        this.#fail(thrown);
      }
    });
    this.#stream.once("end", () => {
      if (this.#reply.ended) return;
      ended = true;
      try {
        frames.end();
        if (begun) queue?.end();
        else start();
      } catch (thrown) {
        queue?.fail(thrown);
        this.#fail(thrown);
      }
    });
  }

  /** Whether the method streams its requests; known by its descriptor, read without making the API. */
  #opensEarly(path: string): boolean {
    const slash = path.indexOf("/");
    const method = this.#parts.schemas
      .service(path.slice(0, slash))
      ?.methods.find((m) => m.name === path.slice(slash + 1));
    return method?.methodKind === "bidi_streaming" || method?.methodKind === "client_streaming";
  }

  #missing(path: string, endpoint: RpcEndpoint | undefined): RpcError {
    if (endpoint !== undefined) return notImplemented(endpoint.id);
    return new RpcError("UNIMPLEMENTED", `The local cloud has no method ${path.replace("/", ".")}.`);
  }

  #begin(endpoint: RpcEndpoint): CallContext {
    if (this.#gone !== undefined) throw this.#gone;
    const headers = this.#headers as Readonly<Record<string, string | undefined>>;
    const { invoker } = this.#parts;
    const caller = invoker.chain.identify(headers, endpoint.service.api);
    const { region } = this.#target;
    this.#call = invoker.call(endpoint, { caller, headers, ...(region === undefined ? {} : { hostRegion: region }) });
    return this.#call;
  }

  #unary(endpoint: RpcEndpoint, bodies: readonly Uint8Array[]): void {
    const [body] = bodies;
    if (body === undefined || bodies.length > 1) {
      throw new RpcError("UNIMPLEMENTED", `The request has ${bodies.length} messages; the method takes one.`);
    }
    const call = this.#begin(endpoint);
    const answer = this.#parts.invoker.unary(endpoint, decode(endpoint, body), call);
    if (!(answer instanceof Promise)) return this.#reply.answer(toBinary(endpoint.output, answer));
    answer
      .then((message) => this.#reply.answer(toBinary(endpoint.output, message)))
      .catch((thrown) => this.#fail(thrown));
  }

  #serveStream(endpoint: RpcEndpoint, first: Uint8Array, queue: MessageQueue): void {
    const call = this.#begin(endpoint);
    const answers = this.#parts.invoker.stream(endpoint, decode(endpoint, first), call, queue);
    const stopped = new Promise<undefined>((resolve) => {
      call.signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    const pump = async (): Promise<void> => {
      this.#reply.headers();
      for (;;) {
        const next = await Promise.race([answers.next(), stopped]);
        if (next === undefined) {
          answers.return(undefined).catch(() => undefined);
          return;
        }
        if (next.done) return this.#reply.finish();
        await this.#reply.item(toBinary(endpoint.output, next.value));
      }
    };
    pump().catch((thrown) => this.#fail(thrown));
  }
}

function decode(endpoint: RpcEndpoint, bytes: Uint8Array): Message {
  try {
    return fromBinary(endpoint.input, bytes);
  } catch {
    throw new RpcError("INTERNAL", `The request is no ${endpoint.input.typeName}.`);
  }
}

/** Field 1 of the requests of `google.longrunning.Operations` is the operation's name (of the list: field 4, the parent). */
function operationName(body: Uint8Array | undefined): string | undefined {
  if (body === undefined || body[0] !== 0x0a) return undefined;
  const length = body[1] ?? 0;
  if (length < 0x80) return Buffer.from(body.subarray(2, 2 + length)).toString();
  return Buffer.from(body.subarray(3, 3 + (length & 0x7f) + ((body[2] ?? 0) << 7))).toString();
}
