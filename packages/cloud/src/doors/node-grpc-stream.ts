import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { frame } from "../wire/grpc-frames.ts";
import { answerHeaders, type GrpcListener, type GrpcStream, patienceMs } from "../wire/grpc-stream.ts";

/** A gRPC call on Node's own HTTP/2: where a connection did not begin as a client's of gRPC. */
export class NodeGrpcStream implements GrpcStream {
  readonly #stream: ServerHttp2Stream;
  #trailers: OutgoingHttpHeaders = { "grpc-status": "0" };

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  get gone(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  get headersSent(): boolean {
    return this.#stream.headersSent;
  }

  get paused(): boolean {
    return this.#stream.isPaused();
  }

  listen(listener: GrpcListener): void {
    this.#stream.once("close", () => listener.close());
    this.#stream.on("data", (chunk: Buffer) => listener.data(chunk));
    this.#stream.once("end", () => listener.end());
    listener.waits();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  answer(message: Uint8Array): void {
    this.open();
    this.#stream.end(frame(message));
  }

  open(): void {
    if (this.gone || this.headersSent) return;
    this.#stream.respond({ ...answerHeaders, ":status": 200 }, { waitForTrailers: true });
    this.#stream.once("wantTrailers", () => this.#stream.sendTrailers(this.#trailers));
  }

  send(message: Uint8Array): boolean {
    return this.#stream.write(frame(message));
  }

  drained(then: () => void): void {
    const done = (): void => {
      this.#stream.off("drain", done).off("close", done);
      then();
    };
    this.#stream.on("drain", done).on("close", done);
  }

  finish(trailers: Readonly<Record<string, string>>): void {
    if (this.headersSent) {
      this.#trailers = trailers;
      this.#stream.end();
    } else {
      this.#stream.respond({ ...answerHeaders, ...trailers, ":status": 200 }, { endStream: true });
    }
    if (!this.#stream.readableEnded) this.#hangUp();
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
}
