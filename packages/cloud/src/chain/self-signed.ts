import { verify } from "node:crypto";
import type { MovableClock } from "@aloft/kit/clock";
import type { AccountKeys } from "./account-keys.ts";
import type { Account, Accounts } from "./accounts.ts";

/** What a service account said of itself, and signed with a key of its own. */
export interface SignedClaims {
  readonly account: Account;
  readonly claims: Readonly<Record<string, unknown>>;
}

const longestS = 3600;
/** How far a client's clock may be ahead or behind. */
const skewS = 300;

/**
 * Reads a JWT that a service account signed with one of its user-managed keys (RS256, `iss` the e-mail). `kid` names the
 * key; Google's own Node library sends none: then any of the account's keys may be the one.
 * A text tells why it is none: for whom it is meant is the caller's to check.
 */
export function readSelfSigned(
  token: string,
  parts: { readonly accounts: Accounts; readonly keys: AccountKeys; readonly clock: MovableClock },
): SignedClaims | string {
  const [head = "", body = "", signature = "", ...rest] = token.split(".");
  const header = jsonOf(head);
  const claims = jsonOf(body);
  if (rest.length > 0 || header === undefined || claims === undefined) return "Invalid JWT: it cannot be read.";
  if (header.alg !== "RS256") return "Invalid JWT: it must be RS256.";
  const account = typeof claims.iss === "string" ? parts.accounts.get(claims.iss) : undefined;
  if (account === undefined) return "Invalid grant: account not found";
  if (account.disabled) return "Invalid grant: account is disabled";
  const { kid } = header;
  const named = parts.keys.list(account.uniqueId).filter((key) => kid === undefined || key.id === kid);
  const signed = named.some(
    (key) =>
      !key.disabled &&
      verify("sha256", Buffer.from(`${head}.${body}`), key.publicKey, Buffer.from(signature, "base64url")),
  );
  if (!signed) return "Invalid JWT Signature.";
  const nowS = parts.clock.now() / 1000;
  const { iat, exp } = claims;
  const timely =
    typeof iat === "number" &&
    typeof exp === "number" &&
    exp > nowS - skewS &&
    iat < nowS + skewS &&
    exp - iat <= longestS;
  if (!timely) {
    return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.";
  }
  return { account, claims };
}

function jsonOf(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
