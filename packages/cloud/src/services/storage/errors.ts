import type { ErrorAnswer, Json, RestPlace } from "../../service.ts";
import { type CodeName, codes, RpcError } from "../../wire/rpc-error.ts";
import { element, xmlDocument } from "./xml-text.ts";

interface StorageErrorInit {
  readonly status: number;
  /** Of the JSON API: `notFound`, `conditionNotMet`. */
  readonly reason: string;
  readonly message: string;
  /** `header` or `parameter`, with its name: what was wrong. */
  readonly at?: readonly [type: string, name: string];
  /** Code and message of the XML API, where it has its own. */
  readonly xml?: readonly [code: string, message: string];
  readonly headers?: Readonly<Record<string, string>>;
}

const codeOf = new Map<number, CodeName>([
  [304, "FAILED_PRECONDITION"],
  [400, "INVALID_ARGUMENT"],
  [401, "UNAUTHENTICATED"],
  [403, "PERMISSION_DENIED"],
  [404, "NOT_FOUND"],
  [409, "ALREADY_EXISTS"],
  [410, "NOT_FOUND"],
  [412, "FAILED_PRECONDITION"],
  [416, "OUT_OF_RANGE"],
  [499, "CANCELLED"],
  [501, "UNIMPLEMENTED"],
  [503, "UNAVAILABLE"],
]);

/** An error with the status and the reason that Cloud Storage gives it: it knows more of them than `google.rpc`. */
export class StorageError extends RpcError {
  readonly init: StorageErrorInit;

  constructor(init: StorageErrorInit) {
    super(codeOf.get(init.status) ?? "INTERNAL", init.message, [], init.headers);
    this.init = init;
  }
}

export const bucketNotFound = (): StorageError =>
  new StorageError({
    status: 404,
    reason: "notFound",
    message: "The specified bucket does not exist.",
    xml: ["NoSuchBucket", "The specified bucket does not exist."],
  });

export const objectNotFound = (bucket: string, name: string): StorageError =>
  new StorageError({
    status: 404,
    reason: "notFound",
    message: `No such object: ${bucket}/${name}`,
    xml: ["NoSuchKey", "The specified key does not exist."],
  });

export const keyNotFound = (): StorageError =>
  new StorageError({ status: 404, reason: "notFound", message: "The specified key does not exist." });

export const invalid = (message: string, reason = "invalid"): StorageError =>
  new StorageError({ status: 400, reason, message, xml: ["InvalidArgument", "Invalid argument."] });

export const required = (parameter: string): StorageError =>
  new StorageError({
    status: 400,
    reason: "required",
    message: `Required parameter: ${parameter}`,
    at: ["parameter", parameter],
  });

export const conflict = (message: string): StorageError =>
  new StorageError({ status: 409, reason: "conflict", message });

export const forbidden = (message: string, reason = "forbidden"): StorageError =>
  new StorageError({ status: 403, reason, message });

export const preconditionFailed = (header = "If-Match"): StorageError =>
  new StorageError({
    status: 412,
    reason: "conditionNotMet",
    message: "At least one of the pre-conditions you specified did not hold.",
    at: ["header", header],
    xml: ["PreconditionFailed", "At least one of the pre-conditions you specified did not hold."],
  });

export const notModified = (): StorageError =>
  new StorageError({ status: 304, reason: "notModified", message: "Not Modified" });

export const unimplemented = (what: string): StorageError =>
  new StorageError({
    status: 501,
    reason: "notImplemented",
    message: `The local cloud does not implement ${what}.`,
    xml: ["NotImplemented", `The local cloud does not implement ${what}.`],
  });

const xmlCodes = new Map([
  [400, "InvalidArgument"],
  [401, "AuthenticationRequired"],
  [403, "AccessDenied"],
  [404, "NoSuchKey"],
  [409, "Conflict"],
  [412, "PreconditionFailed"],
  [416, "InvalidRange"],
  [501, "NotImplemented"],
]);

const jsonPath = /^\/(storage|upload|resumable|download|batch)\//;

/** Errors as the JSON API writes them, or as the XML API does where that was called. */
export function storageErrors(error: RpcError, { path }: RestPlace): ErrorAnswer {
  const init = error instanceof StorageError ? error.init : undefined;
  const status = init?.status ?? codes[error.code].http;
  if (status === 304) return { status };
  if (!jsonPath.test(path)) return xmlAnswer(error, init, status);
  return { status, headers: error.headers, body: jsonBody(error, init, status) };
}

function xmlAnswer(error: RpcError, init: StorageErrorInit | undefined, status: number): ErrorAnswer {
  // Who says nothing of himself is refused as anybody else: the XML API asks nobody to sign in.
  const anonymous = status === 401 && reasonOf(error)[0] === "required";
  const denied = init === undefined && (anonymous || status === 403);
  const [code, message] = denied
    ? ["AccessDenied", "Access denied."]
    : (init?.xml ?? [xmlCodes.get(status) ?? "InternalError", error.message]);
  const details = message === error.message ? "" : element("Details", error.message);
  return {
    status: anonymous ? 403 : status,
    headers: { ...(anonymous ? {} : error.headers), "content-type": "application/xml; charset=UTF-8" },
    body: xmlDocument("Error", element("Code", code), element("Message", message), details),
  };
}

function jsonBody(error: RpcError, init: StorageErrorInit | undefined, status: number): Json {
  const [reason, domain] = init === undefined ? reasonOf(error) : [init.reason, "global"];
  const [locationType, location] = init?.at ?? (status === 401 ? ["header", "Authorization"] : []);
  const first = {
    message: error.message,
    domain,
    reason,
    ...(location === undefined ? {} : { locationType, location }),
  };
  return {
    error: {
      code: status,
      message: error.message,
      errors: [first],
      ...(reason === "accessNotConfigured" ? { status: error.code, details: error.details } : {}),
    },
  };
}

/** Reason and domain, in the older words, of an error that another part of the chain threw. */
function reasonOf(error: RpcError): readonly [string, string] {
  const info = error.details.find((detail) => detail.reason !== undefined)?.reason;
  if (info === "SERVICE_DISABLED") return ["accessNotConfigured", "usageLimits"];
  switch (error.code) {
    case "UNAUTHENTICATED":
      return [info === "IAM_PERMISSION_DENIED" || info === "CREDENTIALS_MISSING" ? "required" : "authError", "global"];
    case "PERMISSION_DENIED":
      return ["forbidden", "global"];
    case "NOT_FOUND":
      return ["notFound", "global"];
    case "ALREADY_EXISTS":
    case "ABORTED":
      return ["conflict", "global"];
    case "RESOURCE_EXHAUSTED":
      return ["rateLimitExceeded", "usageLimits"];
    case "UNIMPLEMENTED":
      return ["notImplemented", "global"];
    case "INTERNAL":
      return ["backendError", "global"];
    default:
      return ["invalid", "global"];
  }
}
