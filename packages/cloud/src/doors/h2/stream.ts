import { answerHeaders, type GrpcListener, type GrpcStream, patienceMs } from "../../wire/grpc-stream.ts";
import { encodeHeaders } from "./hpack.ts";
import { errors, flags, frameHeader, greatestWindow, H2Error, limits, types, writeHead } from "./protocol.ts";

/** What a stream asks of its connection. */
export interface Transport {
  /** How much the client takes of a new stream at first, in one frame, and now in all. */
  readonly streamWindow: number;
  readonly maxFrame: number;
  sendWindow: number;
  /** Whether the socket takes no more for now. */
  readonly congested: boolean;
  /** A header block is to begin with this. */
  blockPrefix(): Uint8Array;
  /** Reserves bytes of what goes out; answers where they are. */
  room(bytes: number): { readonly page: Buffer; readonly at: number };
  /** Sends what was written, at the latest when all that came at once is done. */
  flushSoon(): void;
  reset(stream: number, code: number): void;
  widen(stream: number, bytes: number): void;
  /** The stream has something to send when it may. */
  waits(stream: H2Stream): void;
  over(stream: H2Stream): void;
}

const headBlock = encodeHeaders(Object.entries(answerHeaders));
const okBlock = encodeHeaders([["grpc-status", "0"]]);
const grpcHead = 5;

/** One call on our own HTTP/2. */
export class H2Stream implements GrpcStream {
  readonly id: number;
  readonly #transport: Transport;
  #listener: GrpcListener | undefined;
  headersSent = false;
  paused = false;
  sendWindow: number;
  /** Bytes that came and that the client was not told of. */
  #taken = 0;
  /** What it may still send. */
  #receiveWindow: number = limits.streamWindow;
  /** The body's length as the head gave it. */
  #expected: number | undefined;
  #closed = false;
  /** All is said on our side, though some may still wait to go. */
  #finished = false;
  #halfClosed = false;
  #pending: Buffer[] = [];
  #trailers: Uint8Array | undefined;
  #drained: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(id: number, transport: Transport, contentLength: string | undefined) {
    this.id = id;
    this.#transport = transport;
    this.sendWindow = transport.streamWindow;
    if (contentLength !== undefined) this.#expected = Number(contentLength);
  }

  get gone(): boolean {
    return this.#closed;
  }

  get halfClosed(): boolean {
    return this.#halfClosed;
  }

  listen(listener: GrpcListener): void {
    this.#listener = listener;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.#acknowledge();
    this.#transport.flushSoon();
  }

  /** `size` with padding, as flow control counts it. Throws H2Error. */
  received(chunk: Buffer, size: number): void {
    if (this.#halfClosed) throw new H2Error(errors.streamClosed, "data after the end", this.id);
    this.#receiveWindow -= size;
    if (this.#receiveWindow < 0) throw new H2Error(errors.flowControl, "more data than was allowed", this.id);
    this.#taken += size;
    if (this.#expected !== undefined) this.#expected -= chunk.length;
    if (!this.paused) this.#acknowledge();
    if (chunk.length > 0 && !this.#finished) this.#listener?.data(chunk);
  }

  ended(): void {
    if (this.#halfClosed) throw new H2Error(errors.streamClosed, "a second end", this.id);
    if (this.#expected !== undefined && this.#expected !== 0) {
      throw new H2Error(errors.protocol, "a body of another length than was said", this.id);
    }
    this.#halfClosed = true;
    if (!this.#finished) this.#listener?.end();
    this.#settle();
  }

  /** Not answered by the time all that came with it was looked at. */
  waits(): void {
    if (!this.#finished && !this.#closed) this.#listener?.waits();
  }

  /** The stream is no more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#pending = [];
    this.#transport.over(this);
    this.#listener?.close();
    this.#wake();
  }

  answer(message: Uint8Array): void {
    const { maxFrame } = this.#transport;
    const body = grpcHead + message.length;
    if (this.#closed || this.#finished) return;
    if (body > maxFrame || body > this.sendWindow || body > this.#transport.sendWindow || this.#transport.congested) {
      this.open();
      this.send(message);
      this.#end(okBlock);
      return;
    }
    this.headersSent = true;
    this.#finished = true;
    this.sendWindow -= body;
    this.#transport.sendWindow -= body;
    this.#block(headBlock, flags.endHeaders);
    const { page, at } = this.#transport.room(frameHeader + body);
    writeHead(page, at, body, types.data, 0, this.id);
    page[at + frameHeader] = 0;
    page.writeUInt32BE(message.length, at + frameHeader + 1);
    page.set(message, at + frameHeader + grpcHead);
    this.#block(okBlock, flags.endHeaders | flags.endStream);
    this.#transport.flushSoon();
    this.#settle();
  }

  open(): void {
    if (this.#closed || this.headersSent) return;
    this.headersSent = true;
    this.#block(headBlock, flags.endHeaders);
    this.#transport.flushSoon();
  }

  send(message: Uint8Array): boolean {
    if (this.#closed || this.#finished) return true;
    const framed = Buffer.allocUnsafe(grpcHead + message.length);
    framed[0] = 0;
    framed.writeUInt32BE(message.length, 1);
    framed.set(message, grpcHead);
    this.#pending.push(framed);
    this.pump();
    return this.#pending.length === 0;
  }

  drained(then: () => void): void {
    if (this.#closed || this.#pending.length === 0) then();
    else this.#drained = then;
  }

  finish(trailers: Readonly<Record<string, string>>): void {
    if (this.headersSent) this.#end(encodeHeaders(Object.entries(trailers)));
    else this.whole({ ...answerHeaders, ...trailers });
  }

  /** An answer of headers alone, or of headers and a short body. */
  whole(headers: Readonly<Record<string, string>>, body?: Buffer): void {
    if (this.#closed || this.#finished) return;
    this.headersSent = true;
    this.#finished = true;
    this.#block(encodeHeaders(Object.entries(headers)), flags.endHeaders | (body === undefined ? flags.endStream : 0));
    if (body !== undefined) {
      this.#pending.push(body);
      this.pump();
    } else this.#settle();
    this.#transport.flushSoon();
  }

  #end(trailers: Uint8Array): void {
    if (this.#closed || this.#finished) return;
    this.#finished = true;
    this.#trailers = trailers;
    this.pump();
  }

  /** Sends of what is pending as much as the client takes. */
  pump(): void {
    const transport = this.#transport;
    for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) {
      const most = Math.min(transport.maxFrame, this.sendWindow, transport.sendWindow);
      if (transport.congested || most <= 0) {
        transport.waits(this);
        transport.flushSoon();
        return;
      }
      const size = Math.min(most, first.length);
      if (size === first.length) this.#pending.shift();
      else this.#pending[0] = first.subarray(size);
      const last = this.#finished && this.#trailers === undefined && this.#pending.length === 0;
      const { page, at } = transport.room(frameHeader + size);
      writeHead(page, at, size, types.data, last ? flags.endStream : 0, this.id);
      page.set(first.subarray(0, size), at + frameHeader);
      this.sendWindow -= size;
      transport.sendWindow -= size;
    }
    if (this.#finished) {
      if (this.#trailers !== undefined) this.#block(this.#trailers, flags.endHeaders | flags.endStream);
      this.#trailers = undefined;
      this.#settle();
    }
    transport.flushSoon();
    this.#wake();
  }

  /** Throws H2Error. `pump`: whether to make use of it at once. */
  widened(bytes: number, pump = true): void {
    this.sendWindow += bytes;
    if (this.sendWindow > greatestWindow) throw new H2Error(errors.flowControl, "too wide a window", this.id);
    if (pump && this.#pending.length > 0) this.pump();
  }

  #wake(): void {
    const then = this.#drained;
    this.#drained = undefined;
    then?.();
  }

  /** Over when both sides said all; a client that goes on is listened to for a while. */
  #settle(): void {
    if (!this.#finished || this.#closed || this.#pending.length > 0 || this.#trailers !== undefined) return;
    if (this.#halfClosed) {
      this.close();
      return;
    }
    this.resume();
    // A reset at once would overtake the status (RFC 9113, section 8.1).
    this.#timer ??= setTimeout(() => {
      this.#transport.reset(this.id, errors.none);
      this.close();
    }, patienceMs).unref();
  }

  #acknowledge(): void {
    if (this.#halfClosed || this.#closed || this.#taken < limits.streamWindow / 2) return;
    this.#transport.widen(this.id, this.#taken);
    this.#receiveWindow += this.#taken;
    this.#taken = 0;
  }

  #block(block: Uint8Array, flag: number): void {
    const prefix = this.#transport.blockPrefix();
    const length = prefix.length + block.length;
    const { page, at } = this.#transport.room(frameHeader + length);
    writeHead(page, at, length, types.headers, flag, this.id);
    page.set(prefix, at + frameHeader);
    page.set(block, at + frameHeader + prefix.length);
  }
}
