import { type Field, HeaderDecoder } from "./hpack.ts";
import { limits } from "./protocol.ts";

/** The head of a request. One that comes again with the very same bytes is the same object. */
export interface RequestHead {
  /** By lower-case name, pseudo-headers too; several values of one name in one text. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Why it is malformed (RFC 9113, section 8.1.1), or too large. */
  readonly bad: "malformed" | "large" | undefined;
  /** What a door found out about it, for the next time. */
  memo?: unknown;
}

const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const pseudo = new Set([":method", ":scheme", ":path", ":authority"]);
const ofConnections = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

export function headOf(fields: readonly Field[]): RequestHead {
  const headers: Record<string, string | undefined> = Object.create(null);
  let bytes = 0;
  let malformed = false;
  let regular = false;
  for (const [name, value] of fields) {
    bytes += name.length + value.length + 32;
    if (bytes > limits.headerListBytes) return { headers, bad: "large" };
    if (name.startsWith(":")) {
      malformed ||= regular || !pseudo.has(name) || headers[name] !== undefined;
    } else {
      regular = true;
      malformed ||= !token.test(name) || ofConnections.has(name) || (name === "te" && value !== "trailers");
    }
    malformed ||= /[\0\r\n]/.test(value);
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}${name === "cookie" ? ";" : ","} ${value}`;
  }
  malformed ||= !headers[":method"] || !headers[":scheme"] || !headers[":path"];
  return { headers, bad: malformed ? "malformed" : undefined };
}

const cached = 64;

/** The heads of one connection: decoded once, where the very same bytes come again and mean the same. */
export class Heads {
  readonly #decoder = new HeaderDecoder();
  readonly #known = new Map<string, RequestHead>();
  #at = 0;

  /** Throws H2Error. */
  of(block: Buffer): RequestHead {
    const decoder = this.#decoder;
    if (this.#at !== decoder.changes) {
      this.#known.clear();
      this.#at = decoder.changes;
    }
    const key = block.toString("latin1");
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const head = headOf(decoder.decode(block));
    if (this.#at === decoder.changes) {
      if (this.#known.size >= cached) this.#known.clear();
      this.#known.set(key, head);
    }
    return head;
  }
}
