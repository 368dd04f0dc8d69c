import { invalid } from "./errors.ts";

const mostHeadBytes = 1024 * 1024;

export interface RelatedParts {
  /** Of the second part. */
  readonly mediaType: string | undefined;
  /** The first part, whole. */
  readonly metadata: string;
  /** The second part, as it comes. */
  readonly media: AsyncIterable<Uint8Array>;
}

/** The boundary of a `multipart/related` type: bare, in double quotes, or in single ones as gsutil sends it. */
export function boundaryOf(contentType: string | undefined): string {
  const [, quoted, single, bare] = /;\s*boundary=(?:"([^"]+)"|'([^']+)'|([^;\s]+))/i.exec(contentType ?? "") ?? [];
  const boundary = quoted ?? single ?? bare;
  if (boundary === undefined) throw invalid("Multipart request must have a boundary.", "badContent");
  return boundary;
}

/**
 * Reads two parts, the first whole and the second as a stream; lines end in LF or CRLF, as the first one does. What
 * might be the beginning of a boundary is held back until more has come, so that memory stays at a chunk. Throws 400.
 */
export async function readRelated(body: AsyncIterable<Uint8Array>, boundary: string): Promise<RelatedParts> {
  const source = new Source(body);
  const first = await source.until(Buffer.from(`--${boundary}`));
  if (first.toString().trim() !== "") throw malformed();
  const line = await source.until(Buffer.from("\n"));
  const end = line.at(-1) === 13 ? "\r\n" : "\n";
  await source.headers(end);
  const delimiter = Buffer.from(`${end}--${boundary}`);
  const metadata = (await source.until(delimiter)).toString("utf8");
  await source.until(Buffer.from("\n"));
  const headers = await source.headers(end);
  return { mediaType: headers.get("content-type"), metadata, media: source.stream(delimiter) };
}

class Source {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#chunks = body[Symbol.asyncIterator]();
  }

  async #more(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done === true) return false;
    const chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    return true;
  }

  /** What stands before `mark`, which is taken too. */
  async until(mark: Buffer): Promise<Buffer> {
    for (;;) {
      const at = this.#held.indexOf(mark);
      if (at >= 0) {
        const before = this.#held.subarray(0, at);
        this.#held = this.#held.subarray(at + mark.length);
        return before;
      }
      if (this.#held.length > mostHeadBytes || !(await this.#more())) throw malformed();
    }
  }

  async headers(end: string): Promise<ReadonlyMap<string, string>> {
    const headers = new Map<string, string>();
    for (;;) {
      const line = (await this.until(Buffer.from(end))).toString();
      if (line === "") return headers;
      const colon = line.indexOf(":");
      headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    }
  }

  /** Everything before `mark`, passed on as it comes. */
  async *stream(mark: Buffer): AsyncGenerator<Uint8Array> {
    for (;;) {
      const at = this.#held.indexOf(mark);
      if (at >= 0) {
        if (at > 0) yield this.#held.subarray(0, at);
        while ((await this.#chunks.next()).done !== true);
        return;
      }
      const sure = this.#held.length - mark.length;
      if (sure > 0) {
        yield this.#held.subarray(0, sure);
        this.#held = this.#held.subarray(sure);
      }
      if (!(await this.#more())) throw malformed();
    }
  }
}

const malformed = () => invalid("Malformed multipart body.", "badContent");
