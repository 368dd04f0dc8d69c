import { pageToken, readPageToken } from "../../store/collection.ts";

/** One page of a list that is at hand as a whole; the token holds how many came before. */
export function page<T>(
  all: readonly T[],
  request: { readonly pageSize: number; readonly pageToken: string },
  scope: string,
): { readonly items: readonly T[]; readonly nextPageToken: string } {
  const from = request.pageToken === "" ? 0 : Number(readPageToken(request.pageToken, scope));
  const to = from + Math.min(request.pageSize > 0 ? request.pageSize : 100, 1000);
  return { items: all.slice(from, to), nextPageToken: to < all.length ? pageToken(String(to), scope) : "" };
}
