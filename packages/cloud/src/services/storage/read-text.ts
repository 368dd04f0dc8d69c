import type { IncomingMessage } from "node:http";
import { readBody } from "../../wire/body.ts";

/** A small body as text, unzipped. */
export async function readText(req: IncomingMessage): Promise<string> {
  return (await readBody(req)).toString("utf8");
}
