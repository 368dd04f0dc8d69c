import type { Exchange, Json } from "../../service.ts";
import { parseFields, select } from "../../wire/partial.ts";
import { responder } from "../../wire/respond.ts";

/** Answers JSON from a method that streams, with what `fields` and `prettyPrint` ask for. */
export function replyJson(
  { req, res }: Exchange,
  query: URLSearchParams,
  answer: Json,
  headers: Readonly<Record<string, string>> = {},
): void {
  const fields = query.get("fields") ?? query.get("$fields");
  const pretty = query.get("prettyPrint");
  const body = fields === null || fields === "" ? answer : select(answer, parseFields(fields));
  responder(req, res, { pretty: pretty !== "false" && pretty !== "0" }).json(200, body, headers);
}
