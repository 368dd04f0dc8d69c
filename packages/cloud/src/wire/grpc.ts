import { fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import type { RpcEndpoint } from "./api.ts";
import type { Apis } from "./apis.ts";
import { Frames, parseTimeout } from "./grpc-frames.ts";
import { MessageQueue } from "./grpc-queue.ts";
import { GrpcReply } from "./grpc-reply.ts";
import type { GrpcListener, GrpcStream } from "./grpc-stream.ts";
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
export type GrpcDoor = (
  stream: GrpcStream,
  headers: Readonly<Record<string, string | undefined>>,
  target: GrpcTarget,
) => void;

export function createGrpcDoor(parts: GrpcDoorParts): GrpcDoor {
  return (stream, headers, target) => new Exchange(parts, stream, headers, target).open();
}

const longestTimerMs = 2 ** 31 - 1;

/** One call. Its handler runs when the method is found and its request is there; synchronously where both are at once. */
class Exchange implements GrpcListener {
  readonly #parts: GrpcDoorParts;
  readonly #stream: GrpcStream;
  readonly #headers: Readonly<Record<string, string | undefined>>;
  readonly #target: GrpcTarget;
  readonly #reply: GrpcReply;
  readonly #path: string;
  readonly #frames: Frames;
  readonly #bodies: Uint8Array[] = [];
  #ended = false;
  #begun = false;
  #endpoint: RpcEndpoint | undefined;
  #queue: MessageQueue | undefined;
  #call: CallContext | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    parts: GrpcDoorParts,
    stream: GrpcStream,
    headers: Readonly<Record<string, string | undefined>>,
    target: GrpcTarget,
  ) {
    this.#parts = parts;
    this.#stream = stream;
    this.#headers = headers;
    this.#frames = new Frames(headers["grpc-encoding"] ?? "identity");
    this.#target = target;
    this.#reply = new GrpcReply(stream, parts.schemas);
    this.#path = String(headers[":path"]).slice(1);
  }

  open(): void {
    const encoding = this.#headers["grpc-encoding"] ?? "identity";
    if (encoding !== "identity" && encoding !== "gzip") {
      this.#fail(new RpcError("UNIMPLEMENTED", `The message encoding ${encoding} is not supported.`));
      return;
    }
    this.#stream.listen(this);
    if (!this.#isShared) this.#try(() => this.#find());
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#queue?.end();
    if (!this.#reply.sent) this.#call?.abort(new RpcError("CANCELLED", "The client went away."));
  }

  data(chunk: Buffer): void {
    this.#try(() => {
      this.#frames.push(chunk, this.#bodies);
      this.#advance();
    });
  }

  end(): void {
    this.#try(() => {
      this.#frames.end();
      this.#ended = true;
      if (this.#isShared)
        this.#find(this.#path.endsWith("/ListOperations") ? undefined : operationName(this.#bodies[0]));
      this.#advance();
    });
  }

  waits(): void {
    this.#limit(parseTimeout(this.#headers["grpc-timeout"]));
  }

  /** Whose operation it is decides which API serves it: its name is in the request. */
  get #isShared(): boolean {
    return this.#path.startsWith("google.longrunning.");
  }

  #limit(timeoutMs: number | undefined): void {
    if (timeoutMs === undefined) return;
    const late = (): void => {
      const error = new RpcError("DEADLINE_EXCEEDED", "Deadline Exceeded");
      this.#call?.abort(error);
      this.#fail(error);
    };
    this.#timer = setTimeout(late, Math.min(timeoutMs, longestTimerMs));
    this.#timer.unref();
  }

  #find(operation?: string): void {
    const found = this.#parts.apis.endpoint(this.#path, this.#target.api, operation);
    const use = (endpoint: RpcEndpoint | undefined): void => {
      if (endpoint === undefined) {
        throw new RpcError("UNIMPLEMENTED", `The local cloud has no method ${this.#path.replace("/", ".")}.`);
      }
      if (endpoint.method === undefined) throw notImplemented(endpoint.id);
      this.#endpoint = endpoint;
      this.#advance();
    };
    if (found instanceof Promise) found.then(use).catch((thrown) => this.#fail(thrown));
    else use(found);
  }

  /** Does what can be done with what has come so far. */
  #advance(): void {
    const endpoint = this.#endpoint;
    if (endpoint === undefined || this.#reply.ended) return;
    if (endpoint.streams === "none") {
      if (this.#bodies.length > 1) throw new RpcError("UNIMPLEMENTED", "The method takes one message.");
      if (!this.#ended || this.#begun) return;
      this.#begun = true;
      this.#unary(endpoint);
      return;
    }
    if (!this.#begun) {
      const first = this.#bodies.shift();
      if (first !== undefined) {
        this.#begun = true;
        this.#queue = new MessageQueue(this.#stream, endpoint.input);
        this.#serveStream(endpoint, first, this.#queue);
      } else if (this.#ended) throw new RpcError("UNIMPLEMENTED", "The request has no message.");
    }
    for (const body of this.#bodies.splice(0)) this.#queue?.push(body);
    if (this.#ended) this.#queue?.end();
  }

  #begin(endpoint: RpcEndpoint): CallContext {
    const { invoker } = this.#parts;
    const caller = invoker.chain.identify(this.#headers, endpoint.service.api);
    const { region } = this.#target;
    const init = { caller, headers: this.#headers, ...(region === undefined ? {} : { hostRegion: region }) };
    this.#call = invoker.call(endpoint, init);
    return this.#call;
  }

  #unary(endpoint: RpcEndpoint): void {
    const [body] = this.#bodies;
    if (body === undefined) throw new RpcError("UNIMPLEMENTED", "The request has no message.");
    const call = this.#begin(endpoint);
    const answer = this.#parts.invoker.unary(endpoint, decode(endpoint, body), call);
    const send = (message: Message): void => this.#reply.answer(toBinary(endpoint.output, message));
    if (answer instanceof Promise) answer.then(send).catch((thrown) => this.#fail(thrown));
    else send(answer);
  }

  #serveStream(endpoint: RpcEndpoint, first: Uint8Array, queue: MessageQueue): void {
    const call = this.#begin(endpoint);
    const answers = this.#parts.invoker.stream(endpoint, decode(endpoint, first), call, queue);
    const stopped = new Promise<undefined>((resolve) => {
      call.signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    const pump = async (): Promise<void> => {
      for (;;) {
        const next = await Promise.race([answers.next(), stopped]);
        if (next === undefined) {
          answers.return(undefined).catch(() => undefined);
          return;
        }
        if (next.done) {
          this.#reply.finish();
          return;
        }
        await this.#reply.item(toBinary(endpoint.output, next.value));
      }
    };
    pump().catch((thrown) => this.#fail(thrown));
  }

  #try(work: () => void): void {
    if (this.#reply.ended) return;
    try {
      work();
    } catch (thrown) {
      this.#queue?.fail(thrown);
      this.#fail(thrown);
    }
  }

  #fail(thrown: unknown): void {
    this.#reply.error(asRpcError(thrown, this.#parts.onBug));
  }
}

function decode(endpoint: RpcEndpoint, bytes: Uint8Array): Message {
  try {
    return fromBinary(endpoint.input, bytes);
  } catch {
    throw new RpcError("INTERNAL", `The request is no ${endpoint.input.typeName}.`);
  }
}

/** Field 1, a string, of requests that are about one operation: its name. */
function operationName(body: Uint8Array | undefined): string | undefined {
  if (body === undefined || body[0] !== 0x0a) return undefined;
  const [, low = 0, high = 0] = body;
  const [start, length] = low < 0x80 ? [2, low] : [3, (low & 0x7f) + (high << 7)];
  return Buffer.from(body.subarray(start, start + length)).toString();
}
