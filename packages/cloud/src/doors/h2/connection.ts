import type { Socket } from "node:net";
import { checkShape, FrameReader, unpadded } from "./frame-reader.ts";
import { Heads, type RequestHead } from "./head.ts";
import { tableBytes } from "./hpack.ts";
import { Outbox } from "./outbox.ts";
import {
  errors,
  flags,
  frameHeader,
  frameOf,
  greatestWindow,
  greeting,
  H2Error,
  limits,
  maxFrame,
  types,
} from "./protocol.ts";
import { H2Stream, type Transport } from "./stream.ts";

export interface ConnectionHandlers {
  /** Takes a call. False: it is for another server; the client is told to come again on a connection of its own. */
  readonly take: (stream: H2Stream, head: RequestHead) => boolean;
  /** All that came at once is worked on within this, and answered after. A throw: nothing of it was done. */
  readonly together: (work: () => void) => void;
  readonly onBug: (thrown: unknown) => void;
}

/** A client that has no more to say gets what is under way, for so long. */
const lastWordsMs = 2000;
/** More than this of what we owe a client that does not read ends its connection. */
const mostOwed = 16 << 20;
const mostHushed = 1000;
const none = new Uint8Array(0);

/** The server's side of one HTTP/2 connection that carries gRPC calls. `greeted`: our settings were sent before. */
export class Connection implements Transport {
  readonly #socket: Socket;
  readonly #handlers: ConnectionHandlers;
  readonly #out: Outbox;
  readonly #heads = new Heads();
  readonly #reader = new FrameReader();
  readonly #streams = new Map<number, H2Stream>();
  #opened: H2Stream[] = [];
  readonly #waiting = new Set<H2Stream>();
  /** Streams that we reset: what was on its way then is no error. */
  readonly #hushed = new Set<number>();
  #last = 0;
  /** A header block that goes on in further frames. */
  #block: { readonly stream: number; readonly end: boolean; readonly parts: Buffer[]; size: number } | undefined;
  #taken = 0;
  #working = false;
  #flushing = false;
  #leaving = false;
  #over = false;
  #prefix: Uint8Array = none;
  streamWindow = 65_535;
  sendWindow = 65_535;
  maxFrame = maxFrame;

  constructor(socket: Socket, handlers: ConnectionHandlers, greeted: boolean) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#out = new Outbox(socket);
    if (!greeted) this.#out.add(greeting);
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("drain", () => this.#pumpAll());
    socket.once("end", () => {
      // What is under way is finished, then the connection ends.
      this.#leaving = true;
      this.flushSoon();
      setTimeout(() => socket.destroy(), lastWordsMs).unref();
    });
    socket.once("close", () => this.#closed());
    this.flushSoon();
  }

  get congested(): boolean {
    return this.#socket.writableNeedDrain;
  }

  blockPrefix(): Uint8Array {
    const prefix = this.#prefix;
    this.#prefix = none;
    return prefix;
  }

  room(bytes: number): { readonly page: Buffer; readonly at: number } {
    const at = this.#out.room(bytes);
    return { page: this.#out.page, at };
  }

  flushSoon(): void {
    if (this.#working || this.#flushing) return;
    this.#flushing = true;
    process.nextTick(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#over) return;
    this.#out.flush();
    if (this.#socket.writableLength > mostOwed) this.#socket.destroy();
    else if (this.#leaving && this.#streams.size === 0) this.#finish();
  }

  #finish(): void {
    this.#over = true;
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), lastWordsMs).unref();
  }

  #read(chunk: Buffer): void {
    if (this.#over) return;
    this.#working = true;
    try {
      this.#handlers.together(() => this.#frames(chunk));
    } catch (thrown) {
      // What was answered was not kept: nobody is told so.
      this.#handlers.onBug(thrown);
      this.#out.clear();
      this.#socket.destroy();
      return;
    } finally {
      this.#working = false;
    }
    const opened = this.#opened;
    this.#opened = [];
    for (const stream of opened) stream.waits();
    this.#flush();
  }

  #frames(chunk: Buffer): void {
    const reader = this.#reader;
    try {
      reader.push(chunk);
      while (!this.#over && reader.next()) {
        try {
          this.#frame(reader.type, reader.flag, reader.stream, reader.body);
        } catch (thrown) {
          if (!(thrown instanceof H2Error) || thrown.stream === undefined) throw thrown;
          this.reset(thrown.stream, thrown.code);
          this.#streams.get(thrown.stream)?.close();
        }
      }
    } catch (thrown) {
      if (!(thrown instanceof H2Error)) throw thrown;
      this.#goAway(thrown.code, thrown.message);
      this.#out.flush();
      this.#finish();
    }
  }

  #frame(type: number, flag: number, id: number, body: Buffer): void {
    if (this.#block !== undefined && (type !== types.continuation || id !== this.#block.stream)) {
      throw new H2Error(errors.protocol, "a header block was interrupted");
    }
    checkShape(type, flag, id, body.length);
    switch (type) {
      case types.data:
        this.#data(flag, id, body);
        break;
      case types.headers:
        this.#headers(flag, id, body);
        break;
      case types.continuation:
        this.#continuation(flag, id, body);
        break;
      case types.priority:
        this.#priority(id, body);
        break;
      case types.reset:
        this.#requireBegun(id);
        this.#streams.get(id)?.close();
        break;
      case types.settings:
        if ((flag & flags.ack) === 0) this.#settings(body);
        break;
      case types.ping:
        if ((flag & flags.ack) === 0) this.#out.add(frameOf(types.ping, flags.ack, 0, body));
        break;
      case types.window:
        this.#window(id, body);
        break;
      default:
        // A farewell changes nothing here; what is not known is passed over (RFC 9113, section 4.1).
        break;
    }
  }

  #data(flag: number, id: number, body: Buffer): void {
    this.#requireBegun(id);
    this.#taken += body.length;
    if (this.#taken >= limits.connectionWindow / 2) {
      this.widen(0, this.#taken);
      this.#taken = 0;
    }
    const stream = this.#streams.get(id);
    if (stream === undefined && this.#hushed.has(id)) return;
    if (stream === undefined) throw new H2Error(errors.streamClosed, "data of a stream that is no more", id);
    stream.received(unpadded(flag, body), body.length);
    if ((flag & flags.endStream) !== 0 && !stream.gone) stream.ended();
  }

  #headers(flag: number, id: number, body: Buffer): void {
    let block = unpadded(flag, body);
    if ((flag & flags.priority) !== 0) {
      if (block.length < 5) throw new H2Error(errors.frameSize, "a bad priority");
      this.#priority(id, block);
      block = block.subarray(5);
    }
    const end = (flag & flags.endStream) !== 0;
    if ((flag & flags.endHeaders) !== 0) this.#request(id, end, block);
    else this.#block = { stream: id, end, parts: [block], size: block.length };
  }

  #continuation(flag: number, id: number, body: Buffer): void {
    const open = this.#block;
    if (open === undefined || open.stream !== id) throw new H2Error(errors.protocol, "headers go on that never began");
    open.parts.push(body);
    open.size += body.length + frameHeader;
    if (open.size > limits.headerBlockBytes) throw new H2Error(errors.calm, "too large a header block");
    if ((flag & flags.endHeaders) === 0) return;
    this.#block = undefined;
    this.#request(id, open.end, Buffer.concat(open.parts));
  }

  #priority(id: number, body: Buffer): void {
    if ((body.readUInt32BE(0) & 0x7fffffff) === id) {
      throw new H2Error(errors.protocol, "a stream that depends on itself", id);
    }
  }

  #request(id: number, end: boolean, block: Buffer): void {
    const head = this.#heads.of(block);
    const known = this.#streams.get(id);
    if (known !== undefined) {
      // Trailers: nothing here reads them.
      if (known.halfClosed) throw new H2Error(errors.streamClosed, "headers after the end", id);
      if (!end) throw new H2Error(errors.protocol, "headers in mid-stream", id);
      known.ended();
      return;
    }
    if (this.#hushed.has(id)) return;
    if (id <= this.#last) throw new H2Error(errors.streamClosed, "a stream began again");
    this.#last = id;
    if (head.bad === "malformed") throw new H2Error(errors.protocol, "a malformed request", id);
    if (this.#leaving || this.#streams.size >= limits.streams) throw new H2Error(errors.refused, "no more streams", id);
    const stream = new H2Stream(id, this, head.headers["content-length"]);
    this.#streams.set(id, stream);
    try {
      if (!this.#handlers.take(stream, head)) {
        this.#goAway(errors.none, "another connection, please", id - 2);
        throw new H2Error(errors.refused, "not on this connection", id);
      }
    } catch (thrown) {
      if (!(thrown instanceof H2Error)) this.#handlers.onBug(thrown);
      throw thrown instanceof H2Error ? thrown : new H2Error(errors.internal, "a bug", id);
    }
    this.#opened.push(stream);
    if (end && !stream.gone) stream.ended();
  }

  #settings(body: Buffer): void {
    for (let at = 0; at < body.length; at += 6) this.#setting(body.readUInt16BE(at), body.readUInt32BE(at + 2));
    this.#out.add(frameOf(types.settings, flags.ack, 0, none));
    this.#pumpAll();
  }

  #setting(id: number, value: number): void {
    if (id === 1 && value < tableBytes) {
      // We keep no table: that is said once (RFC 7541, section 4.2).
      this.#prefix = Uint8Array.of(0x20);
    } else if (id === 2 && value > 1) throw new H2Error(errors.protocol, "a bad setting");
    else if (id === 4) {
      if (value > greatestWindow) throw new H2Error(errors.flowControl, "too wide a window");
      const change = value - this.streamWindow;
      this.streamWindow = value;
      for (const stream of [...this.#streams.values()]) stream.widened(change, false);
    } else if (id === 5) {
      if (value < maxFrame || value > 2 ** 24 - 1) throw new H2Error(errors.protocol, "a bad setting");
      this.maxFrame = Math.min(value, 1 << 20);
    }
  }

  #window(id: number, body: Buffer): void {
    const bytes = body.readUInt32BE(0) & 0x7fffffff;
    if (id !== 0) this.#requireBegun(id);
    if (bytes === 0) throw new H2Error(errors.protocol, "a window by nothing", id === 0 ? undefined : id);
    if (id !== 0) {
      this.#streams.get(id)?.widened(bytes);
      return;
    }
    this.sendWindow += bytes;
    if (this.sendWindow > greatestWindow) throw new H2Error(errors.flowControl, "too wide a window");
    this.#pumpAll();
  }

  #requireBegun(id: number): void {
    if (id === 0 || id > this.#last) throw new H2Error(errors.protocol, "a frame of a stream that never began");
  }

  #pumpAll(): void {
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const stream of waiting) if (!stream.gone) stream.pump();
  }

  reset(id: number, code: number): void {
    this.#hushed.add(id);
    const [oldest] = this.#hushed;
    if (this.#hushed.size > mostHushed && oldest !== undefined) this.#hushed.delete(oldest);
    const body = Buffer.alloc(4);
    body.writeUInt32BE(code);
    this.#out.add(frameOf(types.reset, 0, id, body));
    this.flushSoon();
  }

  widen(id: number, bytes: number): void {
    const body = Buffer.alloc(4);
    body.writeUInt32BE(bytes);
    this.#out.add(frameOf(types.window, 0, id, body));
  }

  waits(stream: H2Stream): void {
    this.#waiting.add(stream);
  }

  over(stream: H2Stream): void {
    this.#streams.delete(stream.id);
    this.#waiting.delete(stream);
    if (this.#leaving) this.flushSoon();
  }

  #goAway(code: number, text: string, last = this.#last): void {
    const body = Buffer.alloc(8 + text.length);
    body.writeUInt32BE(Math.max(0, last), 0);
    body.writeUInt32BE(code, 4);
    body.write(text, 8, "latin1");
    this.#out.add(frameOf(types.goaway, 0, 0, body));
    this.#leaving = true;
  }

  #closed(): void {
    this.#over = true;
    for (const stream of [...this.#streams.values()]) stream.close();
  }
}
