/** Colours for people's text; every function gives the text back as it is where colours are off. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

function paintWith(on: boolean): Paint {
  const wrap =
    (name: keyof typeof codes) =>
    (text: string): string =>
      on && text !== "" ? `\u001b[${codes[name][0]}m${text}\u001b[${codes[name][1]}m` : text;
  return {
    bold: wrap("bold"),
    dim: wrap("dim"),
    red: wrap("red"),
    green: wrap("green"),
    yellow: wrap("yellow"),
    cyan: wrap("cyan"),
  };
}

export const plain: Paint = paintWith(false);

/** Colours where the stream is a terminal and neither `NO_COLOR` nor `TERM=dumb` says otherwise. */
export function paintFor(stream: { readonly isTTY?: boolean }, environ: NodeJS.ProcessEnv): Paint {
  const off = (environ.NO_COLOR ?? "") !== "" || environ.TERM === "dumb";
  return stream.isTTY === true && !off ? paintWith(true) : plain;
}
