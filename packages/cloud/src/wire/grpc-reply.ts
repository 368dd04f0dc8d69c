import { encodeMessage } from "./grpc-frames.ts";
import type { GrpcStream } from "./grpc-stream.ts";
import { codes, type RpcError } from "./rpc-error.ts";
import type { SchemaSet } from "./schemas.ts";
import { statusBytes } from "./status.ts";

/** Clients accept some 16 KiB of headers: a longer text is cut, longer details are left out. */
const longestMessage = 4096;
const longestDetails = 8192;

/** Writes one gRPC answer. After the status nothing more is sent; a stream that is gone is left alone. */
export class GrpcReply {
  readonly #stream: GrpcStream;
  readonly #schemas: SchemaSet;
  #ended = false;

  constructor(stream: GrpcStream, schemas: SchemaSet) {
    this.#stream = stream;
    this.#schemas = schemas;
  }

  /** Whether a status has been sent. */
  get sent(): boolean {
    return this.#ended;
  }

  /** Whether there is nothing more to say, or nobody to say it to. */
  get ended(): boolean {
    return this.#ended || this.#stream.gone;
  }

  /** The one answer of a unary call. */
  answer(message: Uint8Array): void {
    if (this.ended) return;
    this.#ended = true;
    this.#stream.answer(message);
  }

  /** One of several answers. Resolves when the client takes more, or is gone. */
  async item(message: Uint8Array): Promise<void> {
    if (this.ended) return;
    this.#stream.open();
    if (this.#stream.send(message)) return;
    await new Promise<void>((resolve) => this.#stream.drained(resolve));
  }

  finish(): void {
    if (this.ended) return;
    this.#ended = true;
    this.#stream.open();
    this.#stream.finish({ "grpc-status": "0" });
  }

  error(error: RpcError): void {
    if (this.ended) return;
    this.#ended = true;
    const status: Record<string, string> = {
      "grpc-status": String(codes[error.code].number),
      "grpc-message": encodeMessage(error.message.slice(0, longestMessage)),
      ...error.headers,
    };
    const details = statusBytes(this.#schemas, error);
    if (details !== undefined && details.length <= longestDetails) {
      status["grpc-status-details-bin"] = Buffer.from(details).toString("base64").replace(/=+$/, "");
    }
    this.#stream.finish(status);
  }
}
