import type { Principal } from "../service.ts";
import { errorInfo, RpcError } from "../wire/rpc-error.ts";
import type { LocalIam } from "./iam.ts";
import type { LocalTokens } from "./tokens.ts";

const signIn = "See https://developers.google.com/identity/sign-in/web/devconsole-project.";
const missing = `Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. ${signIn}`;
const invalid = `Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. ${signIn}`;

export interface IdentityParts {
  readonly tokens: LocalTokens;
  readonly iam: LocalIam;
  /** Whether this is an account of a project here, so that it must exist. */
  readonly isLocalAccount: (email: string) => boolean;
}

/** Who a Google API sees behind the `authorization` header. Throws UNAUTHENTICATED in Google's words. */
export function identify(authorization: string | undefined, api: string, parts: IdentityParts): Principal {
  const token = bearer(authorization);
  if (token === undefined) {
    throw refuse(missing, "CREDENTIALS_MISSING", api, 'Bearer realm="https://accounts.google.com/"');
  }
  const check = parts.tokens.inspect(token);
  if (check === undefined) {
    const signer = selfSigner(token, api, parts.iam);
    if (signer !== undefined) return signer;
    // An ID token, or one of the real Google: neither opens anything here.
    throw refuse(invalid, "ACCESS_TOKEN_TYPE_UNSUPPORTED", api);
  }
  if ("expired" in check) throw refuse(invalid, "ACCESS_TOKEN_EXPIRED", api);
  const { principal } = check;
  if (principal.kind === "serviceAccount" && parts.isLocalAccount(principal.email)) {
    const account = parts.iam.accounts.get(principal.email);
    const other = principal.uniqueId !== undefined && account?.uniqueId !== principal.uniqueId;
    if (account === undefined || account.disabled || other) {
      throw refuse(invalid, "ACCOUNT_STATE_INVALID", api, undefined, { email: principal.email });
    }
  }
  return principal;
}

/** A service account that signed the token itself, for this API: what client libraries send in place of asking for one. */
function selfSigner(token: string, api: string, iam: LocalIam): Principal | undefined {
  if (!token.startsWith("eyJ")) return undefined;
  const read = iam.selfSigned(token);
  if (typeof read === "string") return undefined;
  const { account, claims } = read;
  const forApi = claims.aud === undefined ? typeof claims.scope === "string" : audienceOf(claims.aud) === api;
  if (!forApi || claims.sub !== account.email) return undefined;
  return { kind: "serviceAccount", email: account.email, uniqueId: account.uniqueId };
}

/** `secretmanager.googleapis.com` of `https://secretmanager.googleapis.com/`, also where a service is named behind it. */
function audienceOf(audience: unknown): string | undefined {
  return typeof audience === "string" ? /^https:\/\/([^/]+)(\/|$)/.exec(audience)?.[1] : undefined;
}

/** The token of `Bearer …` (the word in any case); undefined when there is none. */
export function bearer(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
}

function refuse(
  message: string,
  reason: string,
  api: string,
  challenge = 'Bearer realm="https://accounts.google.com/", error="invalid_token"',
  metadata: Readonly<Record<string, string>> = {},
): RpcError {
  return new RpcError(
    "UNAUTHENTICATED",
    message,
    [errorInfo(reason, "googleapis.com", { service: api, ...metadata })],
    { "www-authenticate": challenge },
  );
}
