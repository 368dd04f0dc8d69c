import { GoogleError } from "./google.ts";

/** `google.rpc.Code` names by HTTP status, for answers that do not say theirs. */
const codeOfStatus: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ABORTED",
  412: "FAILED_PRECONDITION",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

const codeNames = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

interface Detail {
  readonly "@type"?: string;
  readonly reason?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly retryDelay?: string;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const typed = (details: readonly unknown[], type: string): Detail | undefined =>
  details.find((d): d is Detail => isObject(d) && String(d["@type"]).endsWith(`/${type}`));

/** The error of an HTTP answer that is not 2xx: Google's JSON, the OAuth servers' JSON, or whatever a proxy said. */
export function decodeError(status: number, text: string, call: string): GoogleError {
  const fallback = codeOfStatus[status] ?? (status >= 500 ? "INTERNAL" : "UNKNOWN");
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    const title = /<title>([^<]*)<\/title>/i.exec(text)?.[1] ?? "";
    return new GoogleError({ status, code: fallback, message: `HTTP ${status} ${title}`.trim(), call });
  }
  const error = isObject(body) ? body.error : undefined;
  if (typeof error === "string") {
    const said = isObject(body) && typeof body.error_description === "string" ? `: ${body.error_description}` : "";
    return new GoogleError({ status, code: fallback, message: `${error}${said}`, reason: error, call });
  }
  if (!isObject(error)) return new GoogleError({ status, code: fallback, message: `HTTP ${status}`, call });
  const details = Array.isArray(error.details) ? (error.details as unknown[]) : [];
  const info = typed(details, "google.rpc.ErrorInfo");
  const old = Array.isArray(error.errors) ? (error.errors[0] as Detail | undefined) : undefined;
  const reason = info?.reason ?? old?.reason;
  return new GoogleError({
    status,
    code: typeof error.status === "string" ? error.status : fallback,
    message: typeof error.message === "string" && error.message !== "" ? error.message : `HTTP ${status}`,
    ...(reason === undefined ? {} : { reason }),
    ...(info?.metadata === undefined ? {} : { metadata: info.metadata }),
    details,
    call,
  });
}

/** The error that a finished operation holds: a `google.rpc.Status`. */
export function decodeStatus(
  error: { readonly code?: number; readonly message?: string; readonly details?: readonly unknown[] },
  call: string,
): GoogleError {
  const details = error.details ?? [];
  const info = typed(details, "google.rpc.ErrorInfo");
  return new GoogleError({
    status: 200,
    code: codeNames[error.code ?? 2] ?? "UNKNOWN",
    message: error.message ?? "the operation failed",
    ...(info?.reason === undefined ? {} : { reason: info.reason }),
    ...(info?.metadata === undefined ? {} : { metadata: info.metadata }),
    details,
    call,
  });
}

/** The wait that the server asked for, in ms: `Retry-After` in seconds, else `google.rpc.RetryInfo`. */
export function askedDelayMs(retryAfter: string | null, details: readonly unknown[]): number | undefined {
  const seconds = Number(retryAfter ?? Number.NaN);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1000;
  const delay = typed(details, "google.rpc.RetryInfo")?.retryDelay;
  const match = /^(\d+(?:\.\d+)?)s$/.exec(delay ?? "");
  return match ? Number(match[1]) * 1000 : undefined;
}
