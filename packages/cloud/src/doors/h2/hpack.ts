import { huffmanText } from "./huffman.ts";
import { errors, H2Error } from "./protocol.ts";

/** RFC 7541, appendix A: names, and values behind a space where they have one. */
const statics: readonly (readonly [name: string, value: string])[] = `
:authority|:method GET|:method POST|:path /|:path /index.html|:scheme http|:scheme https|:status 200|:status 204
:status 206|:status 304|:status 400|:status 404|:status 500|accept-charset|accept-encoding gzip, deflate
accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|authorization|cache-control
content-disposition|content-encoding|content-language|content-length|content-location|content-range|content-type
cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since
last-modified|link|location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after
server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate`
  .trim()
  .split(/[|\n]/)
  .map((line) => {
    const space = line.indexOf(" ");
    return space < 0 ? [line, ""] : [line.slice(0, space), line.slice(space + 1)];
  });

/** What an entry of the table counts besides its text. */
const overhead = 32;
/** As both sides begin with, and we never say otherwise. */
export const tableBytes = 4096;

export type Field = readonly [name: string, value: string];

/** Reads header blocks: one for each connection, since they build upon each other. */
export class HeaderDecoder {
  /** The newest first. */
  readonly #table: Field[] = [];
  #size = 0;
  #limit = tableBytes;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Goes up with each change of the table. */
  changes = 0;

  /** Throws COMPRESSION_ERROR for what is no header block. */
  decode(block: Buffer): Field[] {
    this.#bytes = block;
    this.#at = 0;
    const fields: Field[] = [];
    while (this.#at < block.length) {
      const first = block[this.#at] ?? 0;
      if (first >= 0x80) fields.push(this.#entry(this.#integer(7)));
      else if (first >= 0x40) {
        const field = this.#literal(6);
        this.#add(field);
        fields.push(field);
      } else if (first >= 0x20) this.#resize(this.#integer(5), fields.length === 0);
      else fields.push(this.#literal(4));
    }
    return fields;
  }

  #literal(prefix: number): Field {
    const index = this.#integer(prefix);
    const name = index === 0 ? this.#text() : this.#entry(index)[0];
    return [name, this.#text()];
  }

  #entry(index: number): Field {
    const field = index <= statics.length ? statics[index - 1] : this.#table[index - statics.length - 1];
    if (field === undefined) throw broken("a header that is in no table");
    return field;
  }

  #integer(prefix: number): number {
    const most = 2 ** prefix - 1;
    let value = this.#byte() & most;
    if (value < most) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw broken("a number that is too long");
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw broken("a header block that breaks off");
    return byte;
  }

  #text(): string {
    const coded = (this.#bytes[this.#at] ?? 0) >= 0x80;
    const length = this.#integer(7);
    const start = this.#at;
    const end = start + length;
    if (end > this.#bytes.length) throw broken("a header block that breaks off");
    this.#at = end;
    const text = coded ? huffmanText(this.#bytes, start, end) : this.#bytes.toString("latin1", start, end);
    if (text === undefined) throw broken("a text that is badly coded");
    return text;
  }

  #add(field: Field): void {
    this.changes += 1;
    this.#table.unshift(field);
    this.#size += field[0].length + field[1].length + overhead;
    this.#evict();
  }

  #resize(limit: number, isFirst: boolean): void {
    if (!isFirst || limit > tableBytes) throw broken("a bad change of the table's size");
    this.changes += 1;
    this.#limit = limit;
    this.#evict();
  }

  #evict(): void {
    while (this.#size > this.#limit) {
      const gone = this.#table.pop();
      if (gone === undefined) break;
      this.#size -= gone[0].length + gone[1].length + overhead;
    }
  }
}

const broken = (what: string): H2Error => new H2Error(errors.compression, what);

/** A header block of literals that enter no table: right at any time, on any connection. */
export function encodeHeaders(fields: Iterable<Field>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of fields) {
    if (name === ":status" && value === "200") {
      parts.push(Buffer.of(0x88));
      continue;
    }
    const [key, text] = [Buffer.from(name, "latin1"), Buffer.from(value, "latin1")];
    parts.push(Buffer.of(0), lengthOf(key.length), key, lengthOf(text.length), text);
  }
  return Buffer.concat(parts);
}

/** Of a text that is not Huffman-coded. */
function lengthOf(length: number): Buffer {
  if (length < 127) return Buffer.of(length);
  const bytes = [127];
  let left = length - 127;
  for (; left > 127; left >>>= 7) bytes.push((left & 127) | 128);
  return Buffer.from([...bytes, left]);
}
