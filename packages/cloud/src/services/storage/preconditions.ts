import { invalid, notModified, preconditionFailed } from "./errors.ts";

/** What of a resource its preconditions are about; undefined where it is not there. */
export interface Versioned {
  readonly generation?: number | string | null | undefined;
  readonly metageneration?: string | null | undefined;
}

const names = [
  "ifGenerationMatch",
  "ifGenerationNotMatch",
  "ifMetagenerationMatch",
  "ifMetagenerationNotMatch",
] as const;

/**
 * Throws 412 (or 304, of a read whose version the caller has already) when a condition of the query does not hold.
 * Generation 0 stands for an object that is not there. `prefix` is `Source` for `ifSourceGenerationMatch`.
 */
export function checkPreconditions(
  query: URLSearchParams,
  found: Versioned | undefined,
  options: { readonly read?: boolean; readonly prefix?: string } = {},
): void {
  for (const name of names) {
    const parameter = options.prefix === undefined ? name : name.replace("if", `if${options.prefix}`);
    const wanted = query.get(parameter);
    if (wanted === null) continue;
    if (!/^\d+$/.test(wanted)) throw invalid(`Invalid value for parameter ${parameter}: "${wanted}".`);
    const present = name.includes("Meta") ? (found?.metageneration ?? "0") : String(found?.generation ?? 0);
    const differ = name.includes("Not");
    if ((present === wanted) !== differ) continue;
    if (differ && options.read === true) throw notModified();
    throw preconditionFailed(differ ? "If-None-Match" : "If-Match");
  }
}
