import { Failure } from "@aloft/kit/failure";

/** Fields of `GoogleError`, known here without loading the package. */
interface ApiFault extends Error {
  readonly status: number;
  readonly code: string;
  readonly reason?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly call: string;
}

/** An error of a Google API as a `Failure` with what mends it; anything else as it came. */
export function foreseen(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown.name !== "GoogleError") return thrown;
  const fault = thrown as ApiFault;
  const why = `${fault.call} answered ${fault.status === 0 ? "nothing" : `${fault.status} ${fault.code}`}${
    fault.reason === undefined ? "" : ` (${fault.reason})`
  }.`;
  const base = { what: fault.message, why, cause: thrown };
  if (fault.code === "PERMISSION_DENIED" && fault.reason !== "SERVICE_DISABLED") {
    const permission = fault.metadata?.permission;
    const next =
      permission === undefined ? "ask an owner of the project for the role" : `ask for a role with ${permission}`;
    return new Failure({ ...base, code: "PERMISSION_DENIED", next });
  }
  if (fault.code === "UNAUTHENTICATED") {
    return new Failure({ ...base, code: "CREDENTIALS_MISSING", next: "gcloud auth application-default login" });
  }
  if (fault.status === 0 && /127\.0\.0\.1|localhost/.test(`${fault.call} ${fault.message}`)) {
    return new Failure({ ...base, code: "CLOUD_NOT_RUNNING", next: "aloft cloud start" });
  }
  return new Failure({ ...base, code: "API_ERROR" });
}
