import type { DescMessage, Message } from "@bufbuild/protobuf";
import { holds } from "./filter-eval.ts";
import { parseFilter } from "./filter-parse.ts";

/**
 * A list filter by AIP-160 as a question to a message: `name:foo`, `labels.k = v`, `create_time > "2026-01-01"`, `AND`,
 * `OR`, `NOT`, `-`, parentheses, bare words. Empty: everything. Throws INVALID_ARGUMENT, also for a field that the
 * message does not have.
 */
export function compileFilter(text: string, schema: DescMessage): (message: Message) => boolean {
  if (text.trim() === "") return () => true;
  const filter = parseFilter(text);
  return holds(filter, schema);
}
