import { localIam } from "../../chain/iam.ts";
import { type OauthAnswer, refused, type TokenGrantHandler } from "../../chain/oauth.ts";
import type { LocalTokens } from "../../chain/tokens.ts";
import type { Host } from "../../host.ts";

/** Of `gcloud auth application-default login`. Its own project pays for nothing. */
const defaultCredentialsClient = /^764086051850-[a-z0-9]+\.apps\.googleusercontent\.com$/;

const cloudScope = "https://www.googleapis.com/auth/cloud-platform";

/**
 * A refresh token (of the credentials file that `aloft exec` makes for a run) for an access token and an ID token.
 * `target_audience` is the ID token's audience; without one it is the client, as Google's.
 */
export function refreshGrant(host: Host): TokenGrantHandler {
  return async (form): Promise<OauthAnswer | undefined> => {
    if (form.get("grant_type") !== "refresh_token") return undefined;
    const owner = (host.tokens as LocalTokens).refreshed(form.get("refresh_token") ?? "");
    if (owner === undefined) return refused("invalid_grant", "Bad Request");
    const byDefault = owner.kind === "user" && defaultCredentialsClient.test(form.get("client_id") ?? "");
    const principal = byDefault ? ({ ...owner, byDefaultCredentials: true } as const) : owner;
    if (principal.kind === "serviceAccount") {
      const account = localIam(host.iam).accounts.get(principal.email);
      const project = /@([a-z0-9-]+)\.iam\.gserviceaccount\.com$/.exec(principal.email)?.[1] ?? "";
      if (account === undefined ? host.projects.get(project) !== undefined : account.disabled) {
        return refused("invalid_grant", "Account has been deleted");
      }
    }
    const scope = form.get("scope") || cloudScope;
    const { token, expiresAtMs } = host.tokens.access({ principal, scopes: scope.split(" ") });
    const audience = form.get("target_audience") ?? form.get("client_id") ?? "";
    return {
      status: 200,
      body: {
        access_token: token,
        expires_in: Math.floor((expiresAtMs - host.clock.now()) / 1000),
        scope,
        token_type: "Bearer",
        id_token: await host.tokens.id({ principal, audience }),
      },
    };
  };
}
