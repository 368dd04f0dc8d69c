import { isUtf8 } from "node:buffer";
import { Failure } from "@aloft/kit/failure";
import type { Redacted } from "@aloft/kit/redaction";
import type { Graph } from "../app/graph.ts";
import { declaredSecrets, findDeclared } from "../secrets/declared.ts";
import { secretManager } from "../secrets/manager.ts";
import { defineCommand } from "./command.ts";
import { forEnv, openSession } from "./session.ts";
import { nearest } from "./suggest.ts";

export const command = defineCommand({
  name: "secrets get",
  summary: "Print a secret's value",
  about:
    "To stdout, byte by byte; on a terminal with a line end. With --json a value that is no text is given in base64.",
  args: [{ name: "NAME[@VERSION]", required: true, what: "a secret, and a version's number (default: the newest)" }],
  examples: ["aloft secrets get GEMINI_API_KEY", "aloft secrets get GEMINI_API_KEY@3 --env prod > key.txt"],
  run: async (ctx) => {
    const [, name = "", version = "latest"] =
      /^([A-Za-z0-9_-]{1,255})(?:@([A-Za-z0-9_-]+))?$/.exec(ctx.args[0] ?? "") ?? [];
    if (name === "") {
      throw new Failure({
        code: "INPUT_INVALID",
        what: "that is not NAME or NAME@VERSION",
        next: "aloft secrets list",
      });
    }
    const { graph, google } = await openSession(ctx);
    const id = findDeclared(name, declaredSecrets(graph))?.id ?? name;
    const found = await secretManager(google, ctx.signal)
      .access(id, version)
      .catch((thrown: unknown) => {
        if (!(thrown instanceof Failure) || thrown.code !== "SECRET_NOT_FOUND") throw thrown;
        const { what, next = "" } = thrown;
        throw (
          undeclared(name, graph) ??
          new Failure({ code: thrown.code, what, next: forEnv(next, graph.env), cause: thrown })
        );
      });
    return { data: new Shown(id, found.version, found.value) };
  },
  text: (data: Shown) => data.bytes(),
});

/** Nothing is there, and the file does not know the name either: then it is the name that is wrong. */
function undeclared(name: string, graph: Graph): Failure | undefined {
  const declared = declaredSecrets(graph);
  if (findDeclared(name, declared) !== undefined) return undefined;
  const names = declared.map(({ id }) => id);
  const meant = nearest(name, names);
  return new Failure({
    code: "SECRET_NOT_FOUND",
    what: `there is no secret ${name}, and the file declares none of this name`,
    next: meant === undefined ? "aloft secrets list" : `did you mean: aloft secrets get ${meant}`,
  });
}

/** The one answer that holds a value: it is asked for by name. */
class Shown {
  readonly #value: Redacted<Uint8Array>;
  readonly secret: string;
  readonly version: string;

  constructor(secret: string, version: string, value: Redacted<Uint8Array>) {
    this.secret = secret;
    this.version = version;
    this.#value = value;
  }

  bytes(): Uint8Array {
    return this.#value.reveal();
  }

  toJSON(): object {
    const bytes = Buffer.from(this.bytes());
    const value = isUtf8(bytes) ? { value: bytes.toString("utf8") } : { base64: bytes.toString("base64") };
    return { secret: this.secret, version: this.version, ...value };
  }
}
