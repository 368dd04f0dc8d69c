import type { ReadStream } from "node:tty";
import { Failure, messageOf } from "@aloft/kit/failure";
import { failureText } from "./failure-text.ts";
import { type Paint, paintFor, plain } from "./paint.ts";
import { readLine } from "./prompt.ts";

/** One line of long work as `--json` writes it. */
export interface UiEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** How a command's data becomes text for people. */
export interface Texts {
  /** Bytes are written as they are. */
  readonly answer: (data: unknown, paint: Paint) => string | Uint8Array;
  /** Long work: the text of one event (undefined: not shown), and whether it is the answer or talk. */
  readonly stream?: {
    readonly to: "answer" | "talk";
    readonly text: (event: UiEvent, paint: Paint) => string | undefined;
  };
}

export interface Io {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly environ: NodeJS.ProcessEnv;
}

/** The only place that prints. stdout is the answer, stderr is talk. */
export interface Ui {
  readonly json: boolean;
  /** A person can be asked: stdin and stderr are a terminal, and the answer is not for a program. */
  readonly interactive: boolean;
  /** Talk for people, on stderr. */
  note(text: string): void;
  event(event: UiEvent): void;
  /** The command's answer; with a failure, both are told. */
  answer(data: unknown, failure?: Failure): void;
  /** A foreseen failure, or anything else that was thrown. */
  failure(thrown: unknown): void;
  /** Yes or no; anything but yes is no. Only where `interactive`. */
  ask(question: string): Promise<boolean>;
  /** One line that is not shown while typed. Only where `interactive`. */
  askHidden(question: string): Promise<string>;
}

export function createUi(options: { readonly json: boolean; readonly texts: Texts; readonly io: Io }): Ui {
  const { json, texts, io } = options;
  const { stdin, stdout, stderr, environ } = io;
  const outPaint = json ? plain : paintFor(stdout, environ);
  const talkPaint = paintFor(stderr, environ);
  const print = (stream: NodeJS.WriteStream, text: string): void => {
    if (text !== "") stream.write(text.endsWith("\n") ? text : `${text}\n`);
  };
  const ask = (question: string, hidden: boolean): Promise<string> =>
    readLine(question, { stdin: stdin as ReadStream, talk: stderr, hidden });

  return {
    json,
    interactive: !json && stdin.isTTY === true && stderr.isTTY === true,
    note: (text) => print(stderr, text),
    event: (event) => {
      if (json) return print(stdout, JSON.stringify(event));
      const stream = texts.stream;
      const talk = stream?.to === "talk";
      const text = stream?.text(event, talk ? talkPaint : outPaint);
      if (text !== undefined) print(talk ? stderr : stdout, text);
    },
    answer: (data, failure) => {
      if (!json) {
        const said = texts.answer(data, outPaint);
        if (typeof said === "string") print(stdout, said);
        else stdout.write(stdout.isTTY ? Buffer.concat([said, Buffer.from("\n")]) : said);
        if (failure !== undefined) print(stderr, failureText(failure, talkPaint));
        return;
      }
      const line = texts.stream === undefined ? {} : { type: "result", time: now() };
      const document = { ...line, ...asObject(data), ...(failure === undefined ? {} : { error: failure.toJSON() }) };
      print(stdout, JSON.stringify(document, null, texts.stream === undefined ? 2 : undefined));
    },
    failure: (thrown) => {
      if (json) {
        const line = texts.stream === undefined ? {} : { type: "result", time: now() };
        print(stdout, JSON.stringify({ ...line, error: thrown instanceof Failure ? thrown.toJSON() : bugOf(thrown) }));
      } else {
        print(stderr, thrown instanceof Failure ? failureText(thrown, talkPaint) : bugText(thrown, talkPaint));
      }
      if (!(thrown instanceof Failure) || environ.ALOFT_DEBUG === "1") debug(thrown);
    },
    ask: async (question) => /^\s*y(es)?\s*$/i.test(await ask(`${question} [y/N] `, false)),
    askHidden: (question) => ask(question, true),
  };

  function debug(thrown: unknown): void {
    if (environ.ALOFT_DEBUG !== "1" || !(thrown instanceof Error)) return;
    print(stderr, thrown.stack ?? thrown.message);
    if (thrown.cause instanceof Error) print(stderr, `cause: ${thrown.cause.stack ?? thrown.cause.message}`);
  }
}

/** Spreads what the data says of itself. */
function asObject(data: unknown): object {
  return (data as { toJSON?: () => object }).toJSON?.() ?? (data as object);
}

const now = (): string => new Date().toISOString();

const bugOf = (thrown: unknown): object => ({
  code: "BUG",
  what: messageOf(thrown),
  why: "This was not foreseen: it is a bug in Aloft.",
  next: "Run it again with ALOFT_DEBUG=1 to see where, and report it.",
});

function bugText(thrown: unknown, paint: Paint): string {
  return [
    `${paint.red("error")} ${paint.bold("BUG")}  ${messageOf(thrown)}`,
    "  This was not foreseen: it is a bug in Aloft.",
    `  ${paint.cyan("→")} run it again with ALOFT_DEBUG=1 to see where, and report it`,
  ].join("\n");
}
