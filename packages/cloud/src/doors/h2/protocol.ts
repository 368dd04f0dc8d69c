/** Names for the numbers of RFC 9113. */
export const types = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const;

export const flags = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

export const errors = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refused: 7,
  compression: 9,
  calm: 11,
} as const;

export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
export const frameHeader = 9;
/** The largest frame that either side may send before it is told otherwise. We never say otherwise. */
export const maxFrame = 16_384;
export const greatestWindow = 2 ** 31 - 1;

/** What our side allows: as the other HTTP/2 server here, since a connection may go over to it. */
export const limits = {
  streams: 1000,
  streamWindow: 1 << 20,
  connectionWindow: 8 << 20,
  headerListBytes: 64 * 1024,
  /** Of one header block as it comes. */
  headerBlockBytes: 256 * 1024,
} as const;

/** Ends the connection by GOAWAY, or the stream alone by RST_STREAM. */
export class H2Error extends Error {
  readonly code: number;
  readonly stream: number | undefined;

  constructor(code: number, message: string, stream?: number) {
    super(message);
    this.name = "H2Error";
    this.code = code;
    this.stream = stream;
  }
}

/** A frame's head: length, type, flags, stream. */
export function writeHead(out: Buffer, at: number, length: number, type: number, flag: number, stream: number): void {
  out.writeUIntBE(length, at, 3);
  out[at + 3] = type;
  out[at + 4] = flag;
  out.writeUInt32BE(stream, at + 5);
}

/** A whole frame. */
export function frameOf(type: number, flag: number, stream: number, body: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(frameHeader + body.length);
  writeHead(frame, 0, body.length, type, flag, stream);
  frame.set(body, frameHeader);
  return frame;
}

/** What the server says first: its settings, and a wider window for the connection. */
export const greeting: Buffer = ((): Buffer => {
  const settings = Buffer.alloc(18);
  for (const [index, [id, value]] of [
    [3, limits.streams],
    [4, limits.streamWindow],
    [6, limits.headerListBytes],
  ].entries() as ArrayIterator<[number, [number, number]]>) {
    settings.writeUInt16BE(id, index * 6);
    settings.writeUInt32BE(value, index * 6 + 2);
  }
  const window = Buffer.alloc(4);
  window.writeUInt32BE(limits.connectionWindow - 65_535);
  return Buffer.concat([frameOf(types.settings, 0, 0, settings), frameOf(types.window, 0, 0, window)]);
})();
