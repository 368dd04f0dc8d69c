import { pageToken, readPageToken } from "../../store/collection.ts";
import { invalid } from "./rules.ts";

const mostPerPage = 25_000;

/** What a list's request says about the page that it wants. */
export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

/**
 * One page of a list in a fixed order, read no further than the page goes. The token holds the name of the last item,
 * so that it stays good while things come and go. `from` gives the items behind that name, or all. Throws
 * INVALID_ARGUMENT for a negative size and for a token of another list.
 */
export function readPage<T extends { readonly name: string }>(
  request: PageRequest,
  scope: string,
  from: (after: string | undefined) => Iterable<T>,
  keep: ((item: T) => boolean) | undefined,
): { readonly items: T[]; readonly nextPageToken: string } {
  if (request.pageSize < 0) throw invalid("page_size must not be negative.");
  const size = Math.min(request.pageSize || mostPerPage, mostPerPage);
  const items: T[] = [];
  for (const item of from(request.pageToken === "" ? undefined : readPageToken(request.pageToken, scope))) {
    if (keep !== undefined && !keep(item)) continue;
    const last = items.at(-1);
    if (items.length === size && last !== undefined) return { items, nextPageToken: pageToken(last.name, scope) };
    items.push(item);
  }
  return { items, nextPageToken: "" };
}

/** The last part of a name: a secret's id, a version's number. */
export const lastPart = (name: string): string => name.slice(name.lastIndexOf("/") + 1);
