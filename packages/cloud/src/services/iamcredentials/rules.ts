import { RpcError } from "../../wire/rpc-error.ts";

const longestS = 3600;

/** Seconds that an access token is asked to live: 1 to 3600, an hour when nothing is said. */
export function lifetimeOf(seconds: number | undefined): number {
  if (seconds === undefined || seconds === 0) return longestS;
  if (seconds < 0) throw new RpcError("INVALID_ARGUMENT", "The lifetime must be positive.");
  if (seconds <= longestS) return seconds;
  throw new RpcError(
    "INVALID_ARGUMENT",
    "To create a token with a lifetime longer than 3600 seconds, the service account must be added as a value in an org policy with the iam.allowServiceAccountCredentialLifetimeExtension constraint.",
  );
}

/** Scopes as Google wants them: at least one. */
export function checkScopes(scopes: readonly string[]): void {
  if (scopes.length === 0) throw new RpcError("INVALID_ARGUMENT", "Scope required.");
}

/** The claims of a JWT to be signed. Throws INVALID_ARGUMENT when it is no JSON object, or lives longer than 12 hours. */
export function checkJwtClaims(payload: string, nowS: number): void {
  let claims: unknown;
  try {
    claims = JSON.parse(payload);
  } catch {
    throw new RpcError("INVALID_ARGUMENT", "The payload is not valid JSON.");
  }
  if (typeof claims !== "object" || claims === null || Array.isArray(claims)) {
    throw new RpcError("INVALID_ARGUMENT", "The payload must be a JSON object that holds a JWT claims set.");
  }
  const exp = (claims as { exp?: unknown }).exp;
  if (exp !== undefined && (typeof exp !== "number" || exp > nowS + 12 * 3600)) {
    throw new RpcError("INVALID_ARGUMENT", "The exp claim must be a time at most 12 hours in the future.");
  }
}

/** The account of `projects/-/serviceAccounts/a` (Google takes no other project there), or of a bare e-mail. */
export function delegateAccount(name: string): string {
  return name.split("/").at(-1) ?? name;
}
