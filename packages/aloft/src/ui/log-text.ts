import type { Paint } from "./paint.ts";

export const severities = ["DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"];

/** A `google.logging.v2.LogEntry` in JSON, as far as it is shown. */
export interface RawEntry {
  readonly logName: string;
  readonly timestamp: string;
  readonly insertId?: string;
  readonly severity?: string;
  readonly resource?: { readonly labels?: Readonly<Record<string, string>> };
  readonly textPayload?: string;
  readonly jsonPayload?: Readonly<Record<string, unknown>>;
  /** A Cloud Audit Log entry. */
  readonly protoPayload?: {
    readonly methodName?: string;
    readonly authenticationInfo?: { readonly principalEmail?: string };
    readonly status?: { readonly message?: string };
  };
  readonly httpRequest?: {
    readonly requestMethod?: string;
    readonly requestUrl?: string;
    readonly status?: number;
    readonly latency?: string;
  };
}

export interface Entry {
  readonly time: string;
  readonly severity: string;
  /** The service's name in the file. */
  readonly resource: string;
  readonly revision?: string;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** `names`: cloud ids to names in the file. */
export function entryOf(raw: RawEntry, names: ReadonlyMap<string, string>): Entry {
  const id = raw.resource?.labels?.service_name ?? "";
  const revision = raw.resource?.labels?.revision_name;
  const { message, ...fields } = raw.jsonPayload ?? {};
  return {
    time: raw.timestamp,
    severity: raw.severity ?? "DEFAULT",
    resource: names.get(id) ?? id,
    ...(revision === undefined ? {} : { revision }),
    message: raw.textPayload ?? (typeof message === "string" ? message : otherText(raw)),
    ...(Object.keys(fields).length === 0 ? {} : { fields }),
  };
}

function otherText({ httpRequest: request, protoPayload: audit }: RawEntry): string {
  if (audit !== undefined) {
    return [audit.methodName, "by", audit.authenticationInfo?.principalEmail ?? "?", audit.status?.message]
      .filter((part) => part !== undefined)
      .join(" ");
  }
  if (request === undefined) return "";
  const path = URL.canParse(request.requestUrl ?? "") ? new URL(request.requestUrl ?? "").pathname : request.requestUrl;
  return [request.requestMethod, path, request.status, request.latency].filter((part) => part !== undefined).join(" ");
}

/** Google leaves out zeros at the end of a second's fraction, and has up to nine digits. */
const toMillisecond = (time: string): string =>
  time.replace(/(?:\.(\d+))?Z$/, (_, digits: string | undefined) => `.${(digits ?? "").padEnd(3, "0").slice(0, 3)}Z`);

/** `2026-01-31 12:00:00.123Z  INFO     api  message  key=value` */
export function logLine(entry: Entry, paint: Paint): string {
  const level = severities.indexOf(entry.severity);
  const colour = level >= 5 ? paint.red : level === 4 ? paint.yellow : paint.dim;
  const time = toMillisecond(entry.time).replace("T", " ");
  const fields = Object.entries(entry.fields ?? {}).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const head = `${paint.dim(time.padEnd(24))}  ${colour(entry.severity.padEnd(8))}  ${paint.cyan(entry.resource.padEnd(8))}`;
  return `${head}  ${[entry.message, paint.dim(fields.join(" "))].filter((part) => part !== "").join("  ")}`.trimEnd();
}
