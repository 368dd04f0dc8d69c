/** One command of a line: `gcloud run deploy api --image=… --region us-central1`, or gsutil's. */
export interface Command {
  readonly program: "gcloud" | "gsutil";
  /** Before the first flag and besides flags' values: `run`, `services`, `describe`, `api`. Without `alpha` and `beta`. */
  readonly words: readonly string[];
  /** By name without dashes; the last one given counts. */
  readonly flags: Readonly<Record<string, string>>;
  /** As bash gets it. */
  readonly text: string;
}

/** gcloud's flags without a value: a word after them is a word of the command. */
const switches =
  /^(quiet|allow-unauthenticated|no-.*|async|wait|force|all|limit-none|clear-.*|uri|cpu-boost|cpu-throttling|session-affinity|to-latest|primary|enabled|available|log-http|verbosity-none|execute-now|uniform-bucket-level-access|versioning|delete-tags|include-tags|global|remove-.*-schedule|recursive|help)$/;

/** The commands of a line of bash, loops and pipes taken apart; what is neither gcloud nor gsutil is left out. */
export function commandsOf(line: string): readonly Command[] {
  const parts = line.split(/(?:&&|\|\||[;|]|\$\(|\bdo\b)/);
  return parts.flatMap((part): Command[] => {
    const found = /(?:^|\s)(gcloud|gsutil)\s+(.*)$/s.exec(part.trim());
    if (found === null) return [];
    const [, program, rest = ""] = found;
    const tokens = (rest.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? []).map(unquoted);
    return [{ program: program as Command["program"], ...taken(program === "gcloud", tokens), text: part.trim() }];
  });
}

function taken(gcloud: boolean, tokens: readonly string[]): Pick<Command, "words" | "flags"> {
  const words: string[] = [];
  const flags: Record<string, string> = {};
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as string;
    if (/^\d?[<>]/.test(token)) break;
    const [, name, value] = /^--?([\w-]+)(?:=(.*))?$/s.exec(token) ?? [];
    if (name === undefined || token === "-") words.push(token);
    else if (value !== undefined) flags[name] = value;
    else {
      const next = tokens[i + 1];
      const takes = gcloud ? !switches.test(name) : /^[lpctksdohzru]$/.test(name) && !/^[rm]$/.test(name);
      if (!takes || next === undefined || next.startsWith("-")) flags[name] = "";
      else {
        flags[name] = next;
        i++;
      }
    }
  }
  return { words: words.filter((word, i) => i > 0 || !/^(alpha|beta)$/.test(word)), flags };
}

const unquoted = (text: string): string => text.replace(/"([^"]*)"|'([^']*)'/g, (_, a, b) => a ?? b ?? "");
