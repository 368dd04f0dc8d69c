import type { ReadStream } from "node:tty";

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
      for (const character of chunk) {
        if (character === "\n" || character === "\r" || character === "\u0004") return finish(() => resolve(text));
        if (hidden && character === "\u0003") return finish(() => reject(new Interrupted()));
        if (hidden && (character === "\u007f" || character === "\b")) text = text.slice(0, -1);
        else text += character;
      }
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
