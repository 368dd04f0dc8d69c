import type { ReadStream } from "node:tty";

const ctrlC = "\u0003";
const ctrlD = "\u0004";

/** Reads one line from the terminal; `question` goes to `talk`. Rejects with the signal's reason on Ctrl-C. */
export function readLine(
  question: string,
  io: { readonly stdin: ReadStream; readonly talk: NodeJS.WritableStream; readonly hidden: boolean },
): Promise<string> {
  const { stdin, talk, hidden } = io;
  talk.write(question);
  return new Promise((resolve, reject) => {
    let text = "";
    const finish = (act: () => void): void => {
      stdin.off("data", take);
      stdin.off("end", ended);
      if (hidden) stdin.setRawMode(false);
      stdin.pause();
      if (hidden) talk.write("\n");
      act();
    };
    const ended = (): void => finish(() => resolve(text));
    function take(chunk: string): void {
      const ends = ["\n", "\r", ctrlD, ...(hidden ? [ctrlC] : [])]
        .map((one) => chunk.indexOf(one))
        .filter((at) => at >= 0);
      const end = ends.length === 0 ? -1 : Math.min(...ends);
      for (const character of end < 0 ? chunk : chunk.slice(0, end)) {
        if (hidden && (character === "\u007f" || character === "\b")) text = text.slice(0, -1);
        else text += character;
      }
      if (end >= 0) finish(() => (chunk[end] === ctrlC ? reject(new Interrupted()) : resolve(text)));
    }
    stdin.setEncoding("utf8");
    if (hidden) stdin.setRawMode(true);
    stdin.on("data", take);
    stdin.on("end", ended);
    stdin.resume();
  });
}

/** The user pressed Ctrl-C. */
export class Interrupted extends Error {
  constructor() {
    super("interrupted");
    this.name = "Interrupted";
  }
}
