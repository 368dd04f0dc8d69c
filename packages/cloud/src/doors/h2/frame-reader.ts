import { errors, flags, frameHeader, H2Error, maxFrame, preface } from "./protocol.ts";

const nothing: Buffer = Buffer.alloc(0);

/** Cuts what a client sends into frames. `next` reads one into the fields, so that no object is made for each. */
export class FrameReader {
  #bytes: Buffer = nothing;
  #at = 0;
  #begun = false;
  type = 0;
  flag = 0;
  stream = 0;
  body: Buffer = nothing;

  push(chunk: Buffer): void {
    this.#bytes = this.#at === this.#bytes.length ? chunk : Buffer.concat([this.#bytes.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /** False: no whole frame is there. Throws H2Error. */
  next(): boolean {
    const bytes = this.#bytes;
    if (!this.#begun) {
      const start = bytes.subarray(0, preface.length);
      if (!start.equals(preface.subarray(0, start.length))) throw new H2Error(errors.protocol, "no HTTP/2");
      if (start.length < preface.length) return false;
      this.#begun = true;
      this.#at = preface.length;
    }
    const at = this.#at;
    if (bytes.length - at < frameHeader) return false;
    const length = bytes.readUIntBE(at, 3);
    if (length > maxFrame) throw new H2Error(errors.frameSize, "too large a frame");
    const end = at + frameHeader + length;
    if (end > bytes.length) return false;
    this.type = bytes[at + 3] ?? 0;
    this.flag = bytes[at + 4] ?? 0;
    this.stream = bytes.readUInt32BE(at + 5) & 0x7fffffff;
    this.body = bytes.subarray(at + frameHeader, end);
    this.#at = end;
    return true;
  }
}

/** The body of a frame without its padding. Throws H2Error. */
export function unpadded(flag: number, body: Buffer): Buffer {
  if ((flag & flags.padded) === 0) return body;
  const padding = body[0];
  if (padding === undefined || padding >= body.length) throw new H2Error(errors.protocol, "more padding than data");
  return body.subarray(1, body.length - padding);
}
