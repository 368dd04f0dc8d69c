import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { encodeMessage, frame } from "./grpc-frames.ts";
import { codes, type RpcError } from "./rpc-error.ts";
import type { SchemaSet } from "./schemas.ts";
import { statusBytes } from "./status.ts";

/** Clients accept some 16 KiB of headers: a longer text is cut, longer details are left out. */
const longestMessage = 4096;
const longestDetails = 8192;
const patienceMs = 1000;

/** Writes one gRPC answer. After the status nothing more is sent; a stream that is gone is left alone. */
export class GrpcReply {
  readonly #stream: ServerHttp2Stream;
  readonly #schemas: SchemaSet;
  #ended = false;

  constructor(stream: ServerHttp2Stream, schemas: SchemaSet) {
    this.#stream = stream;
    this.#schemas = schemas;
  }

  /** Whether a status has been sent. */
  get sent(): boolean {
    return this.#ended;
  }

  /** Whether there is nothing more to say, or nobody to say it to. */
  get ended(): boolean {
    return this.#ended || this.#stream.destroyed || this.#stream.closed;
  }

  #begin(trailers: OutgoingHttpHeaders): void {
    this.#stream.respond(
      { ":status": 200, "content-type": "application/grpc", "grpc-accept-encoding": "identity,gzip" },
      { waitForTrailers: true },
    );
    this.#stream.once("wantTrailers", () => this.#stream.sendTrailers(trailers));
  }

  /** The one answer of a unary call. */
  answer(message: Uint8Array): void {
    if (this.ended) return;
    this.#ended = true;
    this.#begin({ "grpc-status": "0" });
    this.#stream.end(frame(message));
  }

  #trailers: OutgoingHttpHeaders = { "grpc-status": "0" };

  /** One of several answers. Resolves when the client takes more, or is gone. */
  async item(message: Uint8Array): Promise<void> {
    if (this.ended) return;
    this.headers();
    if (this.#stream.write(frame(message))) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#stream.off("drain", done).off("close", done);
        resolve();
      };
      this.#stream.on("drain", done).on("close", done);
    });
  }

  /** Sends the headers of a stream of answers, once: the client learns that the call goes on. */
  headers(): void {
    if (!this.ended && !this.#stream.headersSent) this.#begin(this.#trailers);
  }

  finish(): void {
    if (this.ended) return;
    this.headers();
    this.#ended = true;
    this.#stream.end();
  }

  /**
   * What the client still sends is read and thrown away for a while, then the stream is reset without an error (RFC 9113
   * section 8.1). A reset at once would overtake the status.
   */
  #hangUp(): void {
    const stream = this.#stream.resume();
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), patienceMs);
    timer.unref();
    stream.once("close", () => clearTimeout(timer));
  }

  error(error: RpcError): void {
    if (this.ended) return;
    this.#ended = true;
    const status: OutgoingHttpHeaders = {
      "grpc-status": String(codes[error.code].number),
      "grpc-message": encodeMessage(error.message.slice(0, longestMessage)),
      ...error.headers,
    };
    const details = statusBytes(this.#schemas, error);
    if (details !== undefined && details.length <= longestDetails) {
      status["grpc-status-details-bin"] = Buffer.from(details).toString("base64").replace(/=+$/, "");
    }
    if (this.#stream.headersSent) {
      Object.assign(this.#trailers, status);
      this.#stream.end();
    } else {
      const headers = { ":status": 200, "content-type": "application/grpc", "grpc-accept-encoding": "identity,gzip" };
      this.#stream.respond({ ...headers, ...status }, { endStream: true });
    }
    if (!this.#stream.readableEnded) this.#hangUp();
  }
}
