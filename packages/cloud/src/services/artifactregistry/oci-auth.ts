import { createSign } from "node:crypto";
import type { Host, Project } from "../../host.ts";
import type { Principal } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { type ImageName, registryHost, repositoryOf } from "./names.ts";
import { type Exchange, OciError, sendJson } from "./oci-http.ts";

const api = "artifactregistry.googleapis.com";
const anonymous: Principal = { kind: "anonymous", email: "" };
/** What the token endpoint gives to callers without credentials, who may read what is open to `allUsers`. */
const anonymousToken = "anonymous";

/** Who calls. Without credentials: throws the challenge that makes docker ask for a token. */
export function identify(host: Host, exchange: Exchange): Principal {
  const given = credentials(exchange);
  if (given === undefined) throw challenge(host, exchange, "Unauthenticated request.");
  if (given.secret === anonymousToken) return anonymous;
  const caller = host.tokens.verifyAccess(given.secret);
  if (caller === undefined) throw challenge(host, exchange, "Invalid or expired access token.");
  return caller;
}

function credentials({ req }: Exchange): { readonly user: string; readonly secret: string } | undefined {
  const [scheme, value] = (req.headers.authorization ?? "").split(" ");
  if (value === undefined) return undefined;
  if (scheme?.toLowerCase() === "bearer") return { user: "", secret: value };
  if (scheme?.toLowerCase() !== "basic") return undefined;
  const decoded = Buffer.from(value, "base64").toString();
  const colon = decoded.indexOf(":");
  return colon < 0 ? undefined : { user: decoded.slice(0, colon), secret: decoded.slice(colon + 1) };
}

function challenge(host: Host, exchange: Exchange, message: string): OciError {
  const service = registryHost(exchange.location);
  const realm = exchange.prefix === "" ? `https://${service}` : `${host.address()}${exchange.prefix}`;
  return new OciError("UNAUTHORIZED", message, {
    "www-authenticate": `Bearer realm="${realm}/v2/token",service="${service}"`,
  });
}

/**
 * The token endpoint: an access token for the one that came by Basic auth (`oauth2accesstoken`, `_dcgcloud_token`,
 * `_json_key`, `_json_key_base64`), which is that caller's own; without credentials one that stands for nobody.
 */
export async function serveToken(host: Host, exchange: Exchange): Promise<void> {
  const given = credentials(exchange);
  let token = anonymousToken;
  if (given !== undefined) {
    token = given.user.startsWith("_json_key") ? await tokenOfKey(host, given.user, given.secret) : given.secret;
    if (host.tokens.verifyAccess(token) === undefined) {
      throw new OciError("UNAUTHORIZED", "Invalid or expired access token.");
    }
  }
  sendJson(exchange, 200, {
    token,
    access_token: token,
    expires_in: 3600,
    issued_at: new Date(host.clock.now()).toISOString(),
  });
}

/** Exchanges a service account's key file at the OAuth token endpoint, as Google's own libraries do. */
async function tokenOfKey(host: Host, user: string, secret: string): Promise<string> {
  const refused = new OciError("UNAUTHORIZED", "Invalid service account key.");
  try {
    const text = user === "_json_key_base64" ? Buffer.from(secret, "base64").toString() : secret;
    const key = JSON.parse(text) as { client_email?: string; private_key?: string; private_key_id?: string };
    if (key.client_email === undefined || key.private_key === undefined) throw refused;
    const now = Math.floor(host.clock.now() / 1000);
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const unsigned = `${part({ alg: "RS256", typ: "JWT", kid: key.private_key_id })}.${part({
      iss: key.client_email,
      aud: "https://oauth2.googleapis.com/token",
      scope: "https://www.googleapis.com/auth/cloud-platform",
      iat: now,
      exp: now + 3600,
    })}`;
    const assertion = `${unsigned}.${createSign("RSA-SHA256").update(unsigned).sign(key.private_key, "base64url")}`;
    const answer = await fetch(`${host.address()}/oauth2.googleapis.com/token`, {
      method: "POST",
      body: new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion }),
    });
    const { access_token: token } = (await answer.json()) as { access_token?: string };
    if (token === undefined) throw refused;
    return token;
  } catch {
    throw refused;
  }
}

/**
 * Throws DENIED in Google's words unless the caller may do this on the image's repository. Answers the repository's
 * resource name with the project's id.
 */
export function authorize(host: Host, caller: Principal, image: ImageName, action: RegistryAction): string {
  const permission = `artifactregistry.repositories.${action}`;
  const project: Project | undefined = host.projects.get(image.project);
  const repository = repositoryOf({ ...image, project: project?.id ?? image.project });
  const denied = (): OciError =>
    new OciError(
      "DENIED",
      caller.kind === "anonymous"
        ? `Unauthenticated request. Unauthenticated requests do not have permission "${permission}" on resource "${repository}" (or it may not exist)`
        : `Permission "${permission}" denied on resource "${repository}" (or it may not exist)`,
    );
  if (project === undefined) throw denied();
  try {
    host.iam.require(caller, [permission], `${api}/${repository}`);
  } catch (thrown) {
    if (thrown instanceof RpcError) throw denied();
    throw thrown;
  }
  if (!host.projects.enabled(project.id, api)) {
    throw new OciError(
      "DENIED",
      `Artifact Registry API has not been used in project ${project.number} before or it is disabled. Enable it by visiting ` +
        `https://console.developers.google.com/apis/api/${api}/overview?project=${project.number} then retry. If you enabled ` +
        "this API recently, wait a few minutes for the action to propagate to our systems and retry.",
    );
  }
  return repository;
}

export type RegistryAction = "downloadArtifacts" | "uploadArtifacts" | "deleteArtifacts";
