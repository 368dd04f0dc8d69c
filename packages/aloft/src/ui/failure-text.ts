import type { Failure } from "@aloft/kit/failure";
import type { Paint } from "./paint.ts";

/** `error CODE  what`, then why, the problems one a line, and `→` the command that mends it. */
export function failureText(failure: Failure, paint: Paint): string {
  const lines = [`${paint.red("error")} ${paint.bold(failure.code)}  ${failure.what}`];
  if (failure.why !== undefined) lines.push(...indent(failure.why));
  for (const problem of failure.problems) {
    const place = problem.at === undefined ? "" : `${problem.at}: `;
    lines.push(...indent(`${place}${problem.what}`, "  - ", "    "));
    if (problem.next !== undefined) lines.push(...indent(problem.next, `    ${paint.cyan("→")} `, "      "));
  }
  if (failure.next !== undefined) lines.push(...indent(failure.next, `  ${paint.cyan("→")} `, "    "));
  return lines.join("\n");
}

function indent(text: string, first = "  ", rest = first): string[] {
  return text.split("\n").map((line, at) => `${at === 0 ? first : rest}${line}`);
}
