import { RpcError } from "../../wire/rpc-error.ts";

const usualPage = 100;
const longestPage = 1000;

/** How many go on a page. Throws INVALID_ARGUMENT for a negative size. */
export function pageSizeOf(asked: number): number {
  if (asked < 0) throw new RpcError("INVALID_ARGUMENT", "page_size must not be negative.");
  return asked === 0 ? usualPage : Math.min(asked, longestPage);
}
