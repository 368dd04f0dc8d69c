import { badRequest, RpcError } from "../../wire/rpc-error.ts";

/** What the API is about. `name` is `projects/P/greetings/ID`. */
export interface Greeting {
  readonly name: string;
  readonly text: string;
  readonly createTime: string;
}

const longest = 200;

/** Throws INVALID_ARGUMENT, naming the field, for what is no greeting. */
export function greetingFrom(name: string, body: { readonly text?: unknown }, nowMs: number): Greeting {
  const { text } = body;
  if (typeof text !== "string" || text === "" || text.length > longest) {
    throw badRequest("Request contains an invalid argument.", [
      { field: "text", description: `A greeting's text has 1 to ${longest} characters.` },
    ]);
  }
  return { name, text, createTime: new Date(nowMs).toISOString() };
}

export function nameOf(project: string, id: string): string {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(id)) {
    throw badRequest("Request contains an invalid argument.", [
      { field: "greetingId", description: "An id begins with a letter and has lower-case letters, digits and dashes." },
    ]);
  }
  return `projects/${project}/greetings/${id}`;
}

export function notFound(name: string): RpcError {
  return new RpcError("NOT_FOUND", `Greeting [${name}] not found.`);
}
