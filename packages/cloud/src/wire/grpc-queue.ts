import { type DescMessage, fromBinary, type Message } from "@bufbuild/protobuf";
import type { GrpcStream } from "./grpc-stream.ts";
import { RpcError } from "./rpc-error.ts";

const pauseAt = 64;

/** The later requests of a call that streams them. When they are not read fast enough, the stream is paused. */
export class MessageQueue implements AsyncIterable<Message> {
  readonly #stream: GrpcStream;
  readonly #schema: DescMessage;
  readonly #held: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #error: unknown;

  constructor(stream: GrpcStream, schema: DescMessage) {
    this.#stream = stream;
    this.#schema = schema;
  }

  push(bytes: Uint8Array): void {
    this.#held.push(bytes);
    if (this.#held.length >= pauseAt) this.#stream.pause();
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#error ??= error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message> {
    for (;;) {
      const bytes = this.#held.shift();
      if (bytes !== undefined) {
        if (this.#stream.paused && this.#held.length < pauseAt / 2) this.#stream.resume();
        yield this.#decode(bytes);
      } else if (this.#error !== undefined) throw this.#error;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #decode(bytes: Uint8Array): Message {
    try {
      return fromBinary(this.#schema, bytes);
    } catch {
      throw new RpcError("INTERNAL", `A request is no ${this.#schema.typeName}.`);
    }
  }
}
