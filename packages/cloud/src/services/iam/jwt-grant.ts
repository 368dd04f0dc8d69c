import { localIam } from "../../chain/iam.ts";
import { type OauthAnswer, refused, type TokenGrantHandler } from "../../chain/oauth.ts";
import type { Host } from "../../host.ts";
import type { Principal } from "../../service.ts";

const audiences: ReadonlySet<unknown> = new Set([
  "https://oauth2.googleapis.com/token",
  "https://www.googleapis.com/oauth2/v4/token",
]);
const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** A service account's signed assertion for an access token (`scope`) or an ID token (`target_audience`). */
export function jwtGrant(host: Host): TokenGrantHandler {
  const { selfSigned } = localIam(host.iam);
  return async (form): Promise<OauthAnswer | undefined> => {
    if (form.get("grant_type") !== jwtBearer) return undefined;
    const read = selfSigned(form.get("assertion") ?? "");
    if (typeof read === "string") return refused("invalid_grant", read);
    const { account, claims } = read;
    if (!audiences.has(claims.aud)) return refused("invalid_grant", "Invalid JWT: Failed audience check.");
    if (claims.sub !== undefined && claims.sub !== account.email) {
      return refused("unauthorized_client", "The local cloud implements no domain-wide delegation.", 401);
    }
    const principal: Principal = { kind: "serviceAccount", email: account.email, uniqueId: account.uniqueId };
    if (typeof claims.target_audience === "string") {
      return { status: 200, body: { id_token: await host.tokens.id({ principal, audience: claims.target_audience }) } };
    }
    if (typeof claims.scope !== "string" || claims.scope === "") {
      return refused("invalid_scope", "Invalid OAuth scope or ID token audience provided.");
    }
    const { token, expiresAtMs } = host.tokens.access({ principal, scopes: claims.scope.split(" ") });
    const expiresIn = Math.floor((expiresAtMs - host.clock.now()) / 1000);
    return { status: 200, body: { access_token: token, expires_in: expiresIn, token_type: "Bearer" } };
  };
}
