import { CelProblem, checkCel } from "../../../chain/cel.ts";
import type { Json, JsonObject } from "../../../service.ts";
import { badRequest, RpcError } from "../../../wire/rpc-error.ts";

/** How a provider trusts an issuer of OpenID Connect tokens. */
export interface Oidc {
  readonly issuerUri: string;
  readonly allowedAudiences?: readonly string[];
  /** The issuer's public keys, as uploaded. */
  readonly jwksJson?: string;
}

export interface PoolContent {
  readonly displayName?: string;
  readonly description?: string;
  readonly disabled?: boolean;
}

export interface ProviderContent extends PoolContent {
  readonly attributeMapping?: Readonly<Record<string, string>>;
  readonly attributeCondition?: string;
  readonly oidc?: Oidc;
  /** Kept as configuration: their credentials are not exchanged here. */
  readonly aws?: { readonly accountId: string };
  readonly saml?: { readonly idpMetadataXml: string };
}

/** Issuers whose tokens come from everybody's projects alike: Google wants a condition that tells them apart. */
const sharedIssuers: ReadonlySet<string> = new Set([
  "https://token.actions.githubusercontent.com",
  "https://gitlab.com",
  "https://app.terraform.io",
]);

const texts = { displayName: 32, description: 256 } as const;
const poolFields = new Set(["name", "state", "expireTime", "displayName", "description", "disabled"]);
const providerFields = new Set([...poolFields, "attributeMapping", "attributeCondition", "oidc", "aws", "saml"]);
const notHere = new Set(["x509", "mode", "inlineCertificateIssuanceConfig", "inlineTrustConfig"]);

/** Throws INVALID_ARGUMENT for an id that a pool or a provider cannot have. */
export function checkPoolId(id: string, field: string): void {
  if (/^[a-z0-9-]{4,32}$/.test(id) && !id.startsWith("gcp-")) return;
  const description = `The ID "${id}" is not valid: it must be 4-32 characters of [a-z0-9-], and may not begin with "gcp-".`;
  throw badRequest(description, [{ field, description }]);
}

/** A pool as it was sent, without what is the server's to say. Throws what Google does for a field that is none. */
export function poolContent(body: JsonObject): PoolContent {
  checkFields(body, poolFields);
  return { ...common(body) };
}

export function providerContent(body: JsonObject): ProviderContent {
  checkFields(body, providerFields);
  const { attributeMapping: mapping, attributeCondition: condition, oidc, aws, saml } = body;
  return {
    ...common(body),
    ...(isObject(mapping)
      ? { attributeMapping: strings(mapping) }
      : isObject(aws)
        ? { attributeMapping: usualOfAws }
        : {}),
    ...(typeof condition === "string" && condition !== "" ? { attributeCondition: condition } : {}),
    ...(isObject(oidc) ? { oidc: oidcOf(oidc) } : {}),
    ...(isObject(aws) ? { aws: { accountId: textOf(aws.accountId) } } : {}),
    ...(isObject(saml) ? { saml: { idpMetadataXml: textOf(saml.idpMetadataXml) } } : {}),
  };
}

/** What Google maps where an AWS provider says nothing of it. */
const usualOfAws = {
  "google.subject": "assertion.arn",
  "attribute.aws_role":
    "assertion.arn.contains('assumed-role') ? assertion.arn.extract('{account_arn}assumed-role/') + 'assumed-role/' + assertion.arn.extract('assumed-role/{role_name}/') : assertion.arn",
};

const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : "");

/** Throws INVALID_ARGUMENT for a provider that Google refuses. */
export function checkProvider(content: ProviderContent): void {
  const { attributeMapping = {}, attributeCondition = "", oidc, aws, saml } = content;
  if ([oidc, aws, saml].filter((each) => each !== undefined).length !== 1) {
    throw invalid("oidc", "The provider must have one of: oidc, aws, saml, x509.");
  }
  if (aws !== undefined && !/^\d{12}$/.test(aws.accountId)) {
    throw invalid("aws.account_id", "The AWS account ID must be 12 digits.");
  }
  if (saml !== undefined && !/<(\w+:)?EntityDescriptor[\s>]/.test(saml.idpMetadataXml)) {
    throw invalid("saml.idp_metadata_xml", "The SAML metadata must be an XML document with an EntityDescriptor.");
  }
  if (oidc !== undefined) checkOidc(oidc);
  if (attributeMapping["google.subject"] === undefined) {
    throw invalid("attribute_mapping", "The attribute mapping must have google.subject.");
  }
  for (const [key, expression] of Object.entries(attributeMapping)) {
    if (!/^google\.(subject|groups|display_name|posix_username)$|^attribute\.[a-z0-9_]{1,100}$/.test(key)) {
      throw invalid("attribute_mapping", `The attribute mapping's key ${key} is not valid.`);
    }
    checkCelOf(`attribute_mapping.${key}`, expression, new Set(["assertion"]));
  }
  const variables = new Set(["assertion", "google", "attribute"]);
  if (attributeCondition !== "") checkCelOf("attribute_condition", attributeCondition, variables);
  const shared = sharedIssuers.has(oidc?.issuerUri.replace(/\/$/, "") ?? "");
  if (shared && !/\b(assertion|google|attribute)\b/.test(attributeCondition)) {
    throw new RpcError(
      "INVALID_ARGUMENT",
      "The attribute condition must reference one of the provider's claims. For more information, see https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines#conditions",
    );
  }
}

function checkOidc(oidc: Oidc): void {
  if (!/^https:\/\/[^\s?#]+$/.test(oidc.issuerUri)) {
    throw invalid("oidc.issuer_uri", "The OIDC issuer URI must be a valid URI with the https scheme.");
  }
  if ((oidc.allowedAudiences ?? []).length > 10) {
    throw invalid("oidc.allowed_audiences", "At most 10 allowed audiences may be configured.");
  }
  if (oidc.jwksJson !== undefined) checkJwks(oidc.jwksJson);
}

/** What an update changes: the top-level fields of its mask, `oidc.allowedAudiences` and the like also alone. */
export function masked<T extends object>(present: T, wanted: T, mask: string): T {
  const changed: Record<string, unknown> = Object.fromEntries(Object.entries(present));
  for (const path of mask.split(",").filter((each) => each !== "")) {
    const [field = "", inner] = path.split(".").map(camel);
    const next = wanted[field as keyof T];
    if (inner === undefined || field === "attributeMapping") changed[field] = next;
    else changed[field] = { ...(changed[field] as object), [inner]: (next as JsonObject | undefined)?.[inner] };
  }
  return changed as T;
}

function camel(path: string): string {
  return path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function common(body: JsonObject): PoolContent {
  for (const [field, most] of Object.entries(texts)) {
    const text = body[field];
    if (typeof text === "string" && [...text].length > most) {
      throw invalid(field, `The ${field} is too long: at most ${most} characters are allowed.`);
    }
  }
  const { displayName, description, disabled } = body;
  return {
    ...(typeof displayName === "string" && displayName !== "" ? { displayName } : {}),
    ...(typeof description === "string" && description !== "" ? { description } : {}),
    ...(disabled === true ? { disabled } : {}),
  };
}

function checkFields(body: JsonObject, fields: ReadonlySet<string>): void {
  for (const field of Object.keys(body)) {
    if (fields.has(field)) continue;
    if (notHere.has(field)) {
      throw new RpcError("UNIMPLEMENTED", `The local cloud does not implement ${field} of workload identity pools.`);
    }
    const description = `Invalid JSON payload received. Unknown name "${field}": Cannot find field.`;
    throw badRequest(description, [{ field: "", description }]);
  }
}

function oidcOf({ issuerUri, allowedAudiences, jwksJson }: JsonObject): Oidc {
  return {
    issuerUri: typeof issuerUri === "string" ? issuerUri : "",
    ...(Array.isArray(allowedAudiences) ? { allowedAudiences: allowedAudiences.map(String) } : {}),
    ...(typeof jwksJson === "string" && jwksJson !== "" ? { jwksJson } : {}),
  };
}

function checkJwks(text: string): void {
  const refusal = invalid("oidc.jwks_json", "The OIDC JWKs must be a JSON object with a list of public keys.");
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    throw refusal;
  }
  if (typeof read !== "object" || read === null || !("keys" in read) || !Array.isArray(read.keys)) throw refusal;
}

function checkCelOf(field: string, expression: string, variables: ReadonlySet<string>): void {
  try {
    checkCel(expression, { variables });
  } catch (thrown) {
    if (!(thrown instanceof CelProblem)) throw thrown;
    throw invalid(field, `Error compiling CEL expression '${expression}': ${thrown.message}`);
  }
}

function invalid(field: string, description: string): RpcError {
  return badRequest(description, [{ field, description }]);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function strings(object: JsonObject): Record<string, string> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, String(value)]));
}
