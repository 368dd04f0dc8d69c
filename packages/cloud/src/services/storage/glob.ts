import { invalid } from "./errors.ts";

/** A `matchGlob` as a test of names: `*` and `?` stop at `/`, `**` does not, `[a-z]`, `{one,two}`. Throws 400. */
export function globTest(glob: string): (name: string) => boolean {
  let source = "";
  let depth = 0;
  for (let at = 0; at < glob.length; at++) {
    const character = glob[at] as string;
    if (character === "*" && glob[at + 1] === "*") {
      at += glob[at + 2] === "/" ? 2 : 1;
      source += glob[at] === "/" ? "(?:.*/)?" : ".*";
    } else if (character === "*") source += "[^/]*";
    else if (character === "?") source += "[^/]";
    else if (character === "[") {
      const end = glob.indexOf("]", at + 2);
      if (end < 0) throw invalid(`Invalid glob pattern: "${glob}".`);
      const inner = glob
        .slice(at + 1, end)
        .replace(/^!/, "^")
        .replaceAll("\\", "\\\\");
      source += `[${inner}]`;
      at = end;
    } else if (character === "{") {
      depth++;
      source += "(?:";
    } else if (character === "}" && depth > 0) {
      depth--;
      source += ")";
    } else if (character === "," && depth > 0) source += "|";
    else source += (character === "\\" ? (glob[++at] ?? "") : character).replace(/[.+^${}()|[\]\\/*?]/g, "\\$&");
  }
  if (depth > 0) throw invalid(`Invalid glob pattern: "${glob}".`);
  try {
    const pattern = new RegExp(`^${source}$`, "su");
    return (name) => pattern.test(name);
  } catch {
    throw invalid(`Invalid glob pattern: "${glob}".`);
  }
}
