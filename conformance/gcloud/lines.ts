/** A line of the file of commands: who wrote it, whether gcloud itself refuses it, and what bash gets. */
export interface Line {
  readonly number: number;
  readonly system: string;
  readonly refused: boolean;
  readonly command: string;
}

/** `3 gcloud …` and `3x gcloud …`, a line a command; `#` begins a comment. Throws on any other line. */
export function parseLines(text: string): readonly Line[] {
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "" || line.startsWith("#")) return [];
    const [, system, refused, command] = /^(\d+)(x?) (.+)$/.exec(line) ?? [];
    if (system === undefined || command === undefined) throw new Error(`line ${index + 1} is not "N COMMAND": ${line}`);
    return [{ number: index + 1, system, refused: refused === "x", command }];
  });
}
