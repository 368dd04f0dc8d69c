import { pageToken, readPageToken } from "../../store/collection.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { invalid } from "./errors.ts";
import { globTest } from "./glob.ts";
import type { Store, StoredObject } from "./store.ts";

export interface Listing {
  readonly items: readonly StoredObject[];
  readonly prefixes: readonly string[];
  readonly nextPageToken: string | undefined;
}

export interface ListQuery {
  readonly prefix: string;
  readonly delimiter: string;
  readonly startOffset: string;
  readonly endOffset: string;
  readonly versions: boolean;
  readonly softDeleted: boolean;
  readonly includeTrailingDelimiter: boolean;
  readonly matchGlob: string;
  readonly maxResults: number;
  readonly pageToken: string;
}

/** Sorts after every name that begins with what stands before it. */
const highest = "\u{10ffff}";

/** The list's parameters out of a query. Throws 400. */
export function readListQuery(query: URLSearchParams): ListQuery {
  const text = (name: string): string => query.get(name) ?? "";
  const flag = (name: string): boolean => query.get(name)?.toLowerCase() === "true";
  const most = Number(query.get("maxResults") ?? 1000);
  if (!Number.isInteger(most) || most < 0)
    throw invalid(`Invalid value for parameter maxResults: "${text("maxResults")}".`);
  if (flag("versions") && flag("softDeleted")) throw invalid("softDeleted and versions cannot both be true.");
  return {
    prefix: text("prefix"),
    delimiter: text("delimiter"),
    startOffset: text("startOffset"),
    endOffset: text("endOffset"),
    versions: flag("versions"),
    softDeleted: flag("softDeleted"),
    includeTrailingDelimiter: flag("includeTrailingDelimiter"),
    matchGlob: text("matchGlob"),
    maxResults: most === 0 ? 1000 : Math.min(most, 1000),
    pageToken: text("pageToken"),
  };
}

const states = { live: "state = 'live'", versions: "state <> 'deleted'", deleted: "state = 'deleted'" } as const;

/**
 * A page of a bucket in the order of names (bytes of UTF-8), and of generations below a name. With a delimiter what lies
 * below one is skipped, not read: a page costs what it shows.
 */
export function listObjects({ db, objectOf }: Store, bucket: string, query: ListQuery): Listing {
  const { prefix, delimiter, maxResults } = query;
  const scope = `objects/${bucket}/${prefix}/${delimiter}`;
  const matches = query.matchGlob === "" ? () => true : globTest(query.matchGlob);
  const state = query.softDeleted ? states.deleted : query.versions ? states.versions : states.live;
  const select = db.prepare(
    `SELECT * FROM storage_objects WHERE bucket = ? AND ${state} AND (name > ? OR (name = ? AND generation > ?))
     AND name < ? ORDER BY name, generation`,
  );
  const end = smaller(prefix === "" ? `${highest}${highest}` : prefix + highest, query.endOffset);
  let from = readPlace(query.pageToken, scope) ?? { name: larger(prefix, query.startOffset), generation: -1 };
  const items: StoredObject[] = [];
  const prefixes: string[] = [];
  const full = (): boolean => items.length + prefixes.length >= maxResults;
  const page = (): Listing => ({ items, prefixes, nextPageToken: writePlace(from, scope) });

  for (;;) {
    let jumped = false;
    for (const row of select.iterate(bucket, from.name, from.name, from.generation, end)) {
      const name = String(row.name);
      const at = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
      const common = at < 0 ? undefined : name.slice(0, at + delimiter.length);
      const trailing = common === name && query.includeTrailingDelimiter;
      if (common !== undefined && prefixes.at(-1) !== common && (query.matchGlob === "" || matches(common))) {
        if (full()) return page();
        prefixes.push(common);
      }
      if ((common === undefined || trailing) && matches(name)) {
        if (full()) return page();
        items.push(objectOf(row));
      }
      if (common === undefined || trailing) from = { name, generation: Number(row.generation) };
      else {
        from = { name: common + highest, generation: -1 };
        jumped = true;
        break;
      }
    }
    if (!jumped) return { items, prefixes, nextPageToken: undefined };
  }
}

/** `matchGlob`, `softDeleted` and the like never meet `compare` in JavaScript, whose order of names is another. */
const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const larger = (a: string, b: string): string => (compare(a, b) > 0 ? a : b);
const smaller = (a: string, b: string): string => (b === "" || compare(a, b) < 0 ? a : b);

interface Place {
  readonly name: string;
  readonly generation: number;
}

function writePlace(place: Place, scope: string): string {
  return pageToken(JSON.stringify(place), scope);
}

function readPlace(token: string, scope: string): Place | undefined {
  if (token === "") return undefined;
  try {
    return JSON.parse(readPageToken(token, scope)) as Place;
  } catch (thrown) {
    if (thrown instanceof RpcError || thrown instanceof SyntaxError) throw invalid("Invalid argument: pageToken.");
    throw thrown;
  }
}
