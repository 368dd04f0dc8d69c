import { CelProblem, compileCel } from "../../chain/cel.ts";
import type { JsonObject } from "../../service.ts";
import type { ProviderContent } from "../iam/pools/rules.ts";

/** An error as OAuth tells it. */
export class OauthError extends Error {
  readonly error: string;

  constructor(error: string, description: string) {
    super(description);
    this.error = error;
  }
}

/** What is asked for at `/v1/token`. */
export interface Exchange {
  /** `projects/N/locations/global/workloadIdentityPools/POOL/providers/PROVIDER` */
  readonly provider: string;
  readonly scopes: readonly string[];
  readonly subjectToken: string;
}

const tokenType = (name: string): string => `urn:ietf:params:oauth:token-type:${name}`;
const audience =
  /^\/\/iam\.googleapis\.com\/(projects\/[^/]+\/locations\/global\/workloadIdentityPools\/[^/]+\/providers\/[^/]+)$/;

/** Reads a token request, its names as in JSON (`subjectToken`) or in a form (`subject_token`). Throws `OauthError`. */
export function readExchange(fields: Readonly<Record<string, string>>): Exchange {
  const of = (name: string): string =>
    fields[name] ?? fields[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] ?? "";
  if (of("grantType") !== "urn:ietf:params:oauth:grant-type:token-exchange") {
    throw new OauthError("unsupported_grant_type", `Unsupported grant type: ${of("grantType")}.`);
  }
  if (of("requestedTokenType") !== tokenType("access_token")) {
    throw new OauthError("invalid_request", `Unsupported requested token type: ${of("requestedTokenType")}.`);
  }
  const provider = audience.exec(of("audience"))?.[1];
  if (provider === undefined) {
    throw new OauthError(
      "invalid_request",
      'Invalid value for "audience". It must be the full resource name of the identity provider.',
    );
  }
  const type = of("subjectTokenType");
  if (type !== tokenType("jwt") && type !== tokenType("id_token")) {
    throw new OauthError(
      "invalid_request",
      `The local cloud exchanges OIDC tokens (jwt, id_token), not ${type || "none"}.`,
    );
  }
  const scopes = of("scope")
    .split(" ")
    .filter((scope) => scope !== "");
  if (scopes.length === 0) throw new OauthError("invalid_scope", "Scope(s) must be provided.");
  if (of("subjectToken") === "") throw new OauthError("invalid_request", 'Missing value for "subject_token".');
  return { provider, scopes, subjectToken: of("subjectToken") };
}

export interface Mapped {
  readonly subject: string;
  readonly groups: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
}

const longestSubjectBytes = 127;

/** A token's claims as the provider maps them. Throws `OauthError` where a mapping gives nothing, or the condition no. */
export function mapClaims(claims: JsonObject, { attributeMapping = {}, attributeCondition }: ProviderContent): Mapped {
  const google: Record<string, unknown> = {};
  const attribute: Record<string, string> = {};
  for (const [key, expression] of Object.entries(attributeMapping)) {
    const value = evaluate(key, expression, claims);
    if (key === "google.groups") google.groups = stringsOf(key, value);
    else if (key.startsWith("google.")) google[key.slice("google.".length)] = stringOf(key, value);
    else attribute[key.slice("attribute.".length)] = stringOf(key, value);
  }
  const subject = stringOf("google.subject", google.subject);
  if (subject === "" || Buffer.byteLength(subject) > longestSubjectBytes) {
    throw new OauthError(
      "invalid_grant",
      `The size of mapped attribute google.subject must be between 1 and ${longestSubjectBytes} bytes.`,
    );
  }
  if (attributeCondition !== undefined && !accepts(attributeCondition, { assertion: claims, google, attribute })) {
    throw new OauthError("unauthorized_client", "The given credential is rejected by the attribute condition.");
  }
  return { subject, groups: (google.groups as readonly string[] | undefined) ?? [], attributes: attribute };
}

/** The names by which policies may mean an identity of this pool (`projects/N/locations/global/workloadIdentityPools/P`). */
export function federatedNames(
  pool: string,
  mapped: Mapped,
): { readonly name: string; readonly sets: readonly string[] } {
  const base = `iam.googleapis.com/${pool}`;
  return {
    name: `principal://${base}/subject/${mapped.subject}`,
    sets: [
      `principalSet://${base}/*`,
      ...mapped.groups.map((group) => `principalSet://${base}/group/${group}`),
      ...Object.entries(mapped.attributes).map(([key, value]) => `principalSet://${base}/attribute.${key}/${value}`),
    ],
  };
}

function evaluate(key: string, expression: string, claims: JsonObject): unknown {
  try {
    return compileCel(expression)({ assertion: claims });
  } catch (thrown) {
    if (!(thrown instanceof CelProblem)) throw thrown;
    throw new OauthError("invalid_grant", `The mapping of ${key} could not be evaluated: ${thrown.message}.`);
  }
}

function accepts(condition: string, variables: Readonly<Record<string, unknown>>): boolean {
  try {
    return compileCel(condition)(variables) === true;
  } catch (thrown) {
    if (thrown instanceof CelProblem) return false;
    throw thrown;
  }
}

function stringOf(key: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new OauthError("invalid_grant", `The mapped attribute ${key} must be of type STRING.`);
}

function stringsOf(key: string, value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  throw new OauthError("invalid_grant", `The mapped attribute ${key} must be of type STRING_LIST.`);
}
