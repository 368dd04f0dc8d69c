import type { JSONWebKeySet, JWTPayload } from "jose";
import { issuer as ourIssuer } from "../../chain/tokens.ts";
import type { Host } from "../../host.ts";
import type { JsonObject } from "../../service.ts";
import type { Oidc } from "../iam/pools/rules.ts";
import { OauthError } from "./rules.ts";

const leewayS = 10;

/**
 * The claims of a token that this issuer signed for this provider. Throws `OauthError` in Google's words. `expected`
 * are the audiences that count where the provider names none.
 */
export async function verifySubject(
  host: Host,
  token: string,
  oidc: Oidc,
  expected: readonly string[],
): Promise<JsonObject> {
  const jose = await import("jose");
  let claims: JWTPayload;
  try {
    claims = jose.decodeJwt(token);
  } catch {
    throw new OauthError("invalid_request", "Unable to parse the ID Token.");
  }
  const { issuerUri, allowedAudiences = [] } = oidc;
  if (claims.iss !== issuerUri) {
    const message = `The issuer in ID Token ${claims.iss ?? "(none)"} does not match the expected ones: ${issuerUri}`;
    throw new OauthError("invalid_grant", message);
  }
  const audiences = allowedAudiences.length > 0 ? allowedAudiences : expected;
  const given = [claims.aud ?? []].flat();
  if (!given.some((each) => audiences.includes(each))) {
    const message = `The audience in ID Token [${given.join(", ")}] does not match the expected audience ${audiences.join(", ")}.`;
    throw new OauthError("invalid_grant", message);
  }
  const now = host.clock.now() / 1000;
  if (claims.exp === undefined || claims.exp + leewayS < now) {
    throw new OauthError("invalid_grant", `ID Token issued at ${claims.iat ?? 0} is stale to sign-in.`);
  }
  if ((claims.iat ?? claims.nbf ?? 0) - leewayS > now) {
    throw new OauthError("invalid_grant", `ID Token issued at ${claims.iat ?? claims.nbf} is not valid yet.`);
  }
  const keys = jose.createLocalJWKSet(await keysOf(host, oidc));
  try {
    await jose.jwtVerify(token, keys, {
      algorithms: ["RS256", "ES256"],
      clockTolerance: leewayS,
      currentDate: new Date(host.clock.now()),
    });
  } catch {
    throw new OauthError("invalid_grant", "Invalid ID Token signature: no key of the issuer verifies it.");
  }
  return claims as JsonObject;
}

async function keysOf(host: Host, { issuerUri, jwksJson }: Oidc): Promise<JSONWebKeySet> {
  if (jwksJson !== undefined) return JSON.parse(jwksJson) as JSONWebKeySet;
  if (issuerUri.replace(/\/$/, "") === ourIssuer) return (await host.tokens.jwks()) as unknown as JSONWebKeySet;
  throw new OauthError(
    "invalid_grant",
    `Error connecting to the given credential's issuer. The local cloud reaches none: give the provider the keys of ${issuerUri} as oidc.jwksJson.`,
  );
}
