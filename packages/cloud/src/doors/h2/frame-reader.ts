import { errors, flags, frameHeader, H2Error, maxFrame, preface, types } from "./protocol.ts";

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

/** Throws H2Error for a frame whose length or stream is none that its type has. */
export function checkShape(type: number, flag: number, id: number, length: number): void {
  const ofStream = type === types.headers || type === types.priority;
  const ofConnection = type === types.settings || type === types.ping || type === types.goaway;
  if ((ofStream && id === 0) || (ofConnection && id !== 0)) throw new H2Error(errors.protocol, "a frame out of place");
  if (type === types.headers && id % 2 === 0) throw new H2Error(errors.protocol, "a stream that is not a client's");
  if (type === types.push) throw new H2Error(errors.protocol, "a client does not push");
  if (type === types.priority && length !== 5) throw new H2Error(errors.frameSize, "a bad priority", id);
  const isGood =
    type === types.settings
      ? (flag & flags.ack) === 0
        ? length % 6 === 0
        : length === 0
      : type === types.ping
        ? length === 8
        : type === types.goaway
          ? length >= 8
          : (type !== types.reset && type !== types.window) || length === 4;
  if (!isGood) throw new H2Error(errors.frameSize, "a frame of a wrong length");
}

/** The body of a frame without its padding. Throws H2Error. */
export function unpadded(flag: number, body: Buffer): Buffer {
  if ((flag & flags.padded) === 0) return body;
  const padding = body[0];
  if (padding === undefined || padding >= body.length) throw new H2Error(errors.protocol, "more padding than data");
  return body.subarray(1, body.length - padding);
}
