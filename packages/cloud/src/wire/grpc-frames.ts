import { gunzipSync } from "node:zlib";
import { RpcError } from "./rpc-error.ts";

export const maxMessageBytes = 32 * 1024 * 1024;
const header = 5;

/** A message in its gRPC frame, not compressed. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(header + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, header);
  return framed;
}

/** Cuts a byte stream into gRPC messages. Keeps no more than one message's bytes beyond what it hands out. */
export class Frames {
  readonly #encoding: string;
  #held: Buffer[] = [];
  #size = 0;

  /** `encoding` is the request's `grpc-encoding`. */
  constructor(encoding: string) {
    this.#encoding = encoding;
  }

  /** Adds the messages that `chunk` completes. Throws RESOURCE_EXHAUSTED for one that is too large, INTERNAL for bad flags. */
  push(chunk: Buffer, out: Uint8Array[]): void {
    // As nearly always: one whole message.
    if (this.#size === 0 && chunk.length >= header && chunk.readUInt32BE(1) === chunk.length - header) {
      if (chunk.length - header <= maxMessageBytes) {
        out.push(this.#open(chunk[0] ?? 0, chunk.subarray(header)));
        return;
      }
    }
    this.#held.push(chunk);
    this.#size += chunk.length;
    while (this.#size >= header) {
      const head = this.#join(header);
      const length = head.readUInt32BE(1);
      if (length > maxMessageBytes) {
        const text = `Received message larger than max (${length} vs. ${maxMessageBytes})`;
        throw new RpcError("RESOURCE_EXHAUSTED", text);
      }
      if (this.#size < header + length) break;
      const whole = this.#join(header + length);
      out.push(this.#open(whole[0] ?? 0, whole.subarray(header, header + length)));
      const rest = whole.subarray(header + length);
      if (rest.length > 0) this.#held[0] = rest;
      else this.#held.shift();
      this.#size -= header + length;
    }
  }

  /** Throws INTERNAL when the stream stopped inside a message. */
  end(): void {
    if (this.#size > 0) throw new RpcError("INTERNAL", "The request ended in the middle of a message.");
  }

  /** The first held buffer, made at least so long. */
  #join(length: number): Buffer {
    if ((this.#held[0]?.length ?? 0) < length) this.#held = [Buffer.concat(this.#held)];
    return this.#held[0] as Buffer;
  }

  #open(flags: number, bytes: Buffer): Uint8Array {
    if (flags === 0) return bytes;
    if (flags !== 1) throw new RpcError("INTERNAL", `A message has the unknown flags ${flags}.`);
    if (this.#encoding === "identity") {
      throw new RpcError("INTERNAL", "A message is compressed, and the request has no grpc-encoding.");
    }
    try {
      return gunzipSync(bytes, { maxOutputLength: maxMessageBytes });
    } catch (thrown) {
      const large = (thrown as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
      if (large) throw new RpcError("RESOURCE_EXHAUSTED", `Received message larger than max (${maxMessageBytes})`);
      throw new RpcError("INTERNAL", "A compressed message cannot be read.");
    }
  }
}

/** Milliseconds of a `grpc-timeout` (`10S`, `250m`); undefined when there is none or it is malformed. */
export function parseTimeout(text: string | undefined): number | undefined {
  const [, amount, unit] = /^(\d{1,8})([HMSmun])$/.exec(text ?? "") ?? [];
  if (amount === undefined) return undefined;
  const ms = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 }[unit as "H" | "M" | "S" | "m" | "u" | "n"];
  return Number(amount) * ms;
}

/** `grpc-message`: UTF-8 with everything but printable ASCII, and `%`, percent-encoded. */
export function encodeMessage(text: string): string {
  const ascii = /^[ -$&-~]*$/;
  if (ascii.test(text)) return text;
  let out = "";
  for (const byte of Buffer.from(text)) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    out += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}
