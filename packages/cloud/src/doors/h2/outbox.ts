import type { Socket } from "node:net";

const pageBytes = 32 * 1024;

/** Collects what goes out, so that much of it goes at once. What was written into it is never written over. */
export class Outbox {
  readonly #socket: Socket;
  readonly #whole: Buffer[] = [];
  #page: Buffer = Buffer.allocUnsafeSlow(pageBytes);
  #start = 0;
  #end = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Where the bytes of `room` begin; the caller fills them. */
  get page(): Buffer {
    return this.#page;
  }

  /** Reserves so many bytes of `page`; answers the first one's place. */
  room(bytes: number): number {
    if (this.#end + bytes > this.#page.length) {
      this.#seal();
      this.#page = Buffer.allocUnsafeSlow(Math.max(pageBytes, bytes));
      this.#start = 0;
      this.#end = 0;
    }
    const at = this.#end;
    this.#end += bytes;
    return at;
  }

  add(bytes: Uint8Array): void {
    const at = this.room(bytes.length);
    this.#page.set(bytes, at);
  }

  /** Forgets what was not sent. */
  clear(): void {
    this.#whole.length = 0;
    this.#start = this.#end;
  }

  flush(): void {
    this.#seal();
    const [first, ...others] = this.#whole;
    if (first === undefined) return;
    this.#whole.length = 0;
    if (others.length === 0) {
      this.#socket.write(first);
      return;
    }
    this.#socket.cork();
    for (const each of [first, ...others]) this.#socket.write(each);
    this.#socket.uncork();
  }

  #seal(): void {
    if (this.#end === this.#start) return;
    this.#whole.push(this.#page.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}
