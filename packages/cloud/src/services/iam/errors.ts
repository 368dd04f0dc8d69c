import type { ErrorAnswer, Json } from "../../service.ts";
import { type CodeName, codes, type RpcError } from "../../wire/rpc-error.ts";

const reasons: Partial<Record<CodeName, string>> = {
  ABORTED: "aborted",
  ALREADY_EXISTS: "alreadyExists",
  FAILED_PRECONDITION: "failedPrecondition",
  INVALID_ARGUMENT: "badRequest",
  NOT_FOUND: "notFound",
  PERMISSION_DENIED: "forbidden",
  RESOURCE_EXHAUSTED: "rateLimitExceeded",
  UNAUTHENTICATED: "required",
};

/** IAM's errors over REST carry the list of Google's older APIs beside the status: clients show its reason. */
export function iamErrors({ code, message, details, headers }: RpcError): ErrorAnswer {
  const reason = reasons[code] ?? "backendError";
  const status = codes[code].http;
  const error: { [key: string]: Json } = { code: status, message };
  error.errors = [{ message, domain: "global", reason }];
  error.status = code;
  if (details.length > 0) error.details = [...details];
  return { status, headers, body: { error } };
}
