import type { JsonObject } from "../service.ts";

/** `google.rpc.Code` with the HTTP status that Google's REST door gives it. */
export const codes = {
  CANCELLED: { number: 1, http: 499 },
  UNKNOWN: { number: 2, http: 500 },
  INVALID_ARGUMENT: { number: 3, http: 400 },
  DEADLINE_EXCEEDED: { number: 4, http: 504 },
  NOT_FOUND: { number: 5, http: 404 },
  ALREADY_EXISTS: { number: 6, http: 409 },
  PERMISSION_DENIED: { number: 7, http: 403 },
  RESOURCE_EXHAUSTED: { number: 8, http: 429 },
  FAILED_PRECONDITION: { number: 9, http: 400 },
  ABORTED: { number: 10, http: 409 },
  OUT_OF_RANGE: { number: 11, http: 400 },
  UNIMPLEMENTED: { number: 12, http: 501 },
  INTERNAL: { number: 13, http: 500 },
  UNAVAILABLE: { number: 14, http: 503 },
  DATA_LOSS: { number: 15, http: 500 },
  UNAUTHENTICATED: { number: 16, http: 401 },
} as const;

export type CodeName = keyof typeof codes;

/** A `google.rpc` error detail in JSON form, its type first: `{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", … }`. */
export type ErrorDetail = JsonObject & { readonly "@type": string };

/** An error that goes over the wire as `google.rpc.Status`. Everything else that a handler throws is INTERNAL. */
export class RpcError extends Error {
  readonly code: CodeName;
  readonly details: readonly ErrorDetail[];
  /** Extra response headers, e.g. `www-authenticate`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: CodeName,
    message: string,
    details: readonly ErrorDetail[] = [],
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = "RpcError";
    this.code = code;
    this.details = details;
    this.headers = headers;
  }
}

/** `google.rpc.ErrorInfo` */
export function errorInfo(
  reason: string,
  domain: string,
  metadata: Readonly<Record<string, string>> = {},
): ErrorDetail {
  return { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain, metadata };
}

/** INVALID_ARGUMENT with `google.rpc.BadRequest` field violations. */
export function badRequest(
  message: string,
  violations: readonly { readonly field: string; readonly description: string }[],
): RpcError {
  return new RpcError("INVALID_ARGUMENT", message, [
    { "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: violations.map((v) => ({ ...v })) },
  ]);
}
