import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Failure } from "@aloft/kit/failure";
import { Redacted } from "@aloft/kit/redaction";
import type { Ui } from "../ui/ui.ts";

export interface ValueSource {
  readonly cwd: string;
  readonly stdin: NodeJS.ReadStream;
  readonly ui: Ui;
  /** `--file PATH`. */
  readonly file: string | undefined;
}

/**
 * A secret's value: a file's bytes as they are, what stdin gives (one line end at its end is dropped: `echo` adds it), or
 * what is typed unseen.
 */
export async function readValue(name: string, source: ValueSource): Promise<Redacted<Uint8Array>> {
  if (source.file !== undefined) return new Redacted(readBytes(source.cwd, source.file));
  if (source.stdin.isTTY !== true) return new Redacted(withoutLineEnd(await readAll(source.stdin)));
  if (!source.ui.interactive) {
    throw new Failure({ code: "USAGE", what: "no value was given", next: `aloft secrets set ${name} --file FILE` });
  }
  return new Redacted<Uint8Array>(Buffer.from(await source.ui.askHidden(`Value of ${name} (not shown): `), "utf8"));
}

/** Throws `Failure` INPUT_INVALID with the system's reason. */
export function readBytes(cwd: string, file: string): Uint8Array {
  try {
    return readFileSync(resolve(cwd, file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "There is no such file." : code === "EISDIR" ? "It is a folder." : `${code}.`;
    throw new Failure({
      code: "INPUT_INVALID",
      what: `${file} cannot be read`,
      why,
      next: "name a file that is there",
    });
  }
}

export async function readAll(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function withoutLineEnd(bytes: Buffer): Uint8Array {
  if (bytes.at(-1) !== 0x0a) return bytes;
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1);
}
