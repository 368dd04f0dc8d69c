import { createPublicKey } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Host } from "../host.ts";
import type { HttpSurface, JsonObject } from "../service.ts";
import { bearer } from "./identity.ts";
import { issuer, type LocalTokens } from "./tokens.ts";

const hosts: ReadonlySet<string> = new Set([
  "accounts.google.com",
  "oauth2.googleapis.com",
  "openidconnect.googleapis.com",
  "www.googleapis.com",
]);

/** What is answered: a status and JSON. */
export interface OauthAnswer {
  readonly status: number;
  readonly body: JsonObject;
}

/** Exchanges a form at `oauth2.googleapis.com/token` for tokens; undefined for a grant type that it does not know. */
export type TokenGrantHandler = (form: URLSearchParams) => Promise<OauthAnswer | undefined>;

const largestFormBytes = 64 * 1024;

/**
 * Google's OAuth hosts, as far as programs need them to verify tokens of this cloud and to get some: discovery, public
 * keys, tokeninfo, and the token endpoint. What else they have answers 501 by name.
 */
export function oauthSurface(host: Host, grant: TokenGrantHandler): HttpSurface {
  return {
    serves: (hostname) => hosts.has(hostname),
    handle: async (req, res, at) => {
      const url = new URL(at.path, `https://${at.host}`);
      const { status, body } = await answer(host, grant, req, url);
      send(res, status, body);
    },
  };
}

async function answer(host: Host, grant: TokenGrantHandler, req: IncomingMessage, url: URL): Promise<OauthAnswer> {
  switch (`${url.hostname}${url.pathname}`) {
    case "accounts.google.com/.well-known/openid-configuration":
      return { status: 200, body: discovery(host, req) };
    case "www.googleapis.com/oauth2/v3/certs":
      return { status: 200, body: await host.tokens.jwks() };
    case "www.googleapis.com/oauth2/v1/certs":
      return { status: 200, body: await pems(host) };
    case "www.googleapis.com/oauth2/v3/tokeninfo":
    case "oauth2.googleapis.com/tokeninfo": {
      const form = req.method === "POST" ? await readForm(req) : new URLSearchParams();
      const given = (name: string): string | null => url.searchParams.get(name) ?? form.get(name);
      return tokenInfo(host, given("access_token"), given("id_token"));
    }
    case "openidconnect.googleapis.com/v1/userinfo":
    case "www.googleapis.com/oauth2/v3/userinfo":
      return userInfo(host, bearer(req.headers.authorization));
    case "oauth2.googleapis.com/token":
    case "www.googleapis.com/oauth2/v4/token": {
      if (req.method !== "POST") return refused("invalid_request", "The token endpoint takes POST.");
      const form = await readForm(req);
      return (
        (await grant(form)) ??
        refused(
          "unsupported_grant_type",
          `The local cloud does not implement the grant type ${form.get("grant_type")}.`,
        )
      );
    }
    default: {
      const message = `The local cloud does not implement ${url.hostname}${url.pathname}.`;
      return { status: 501, body: { error: { code: 501, message, status: "UNIMPLEMENTED" } } };
    }
  }
}

/** `400` as OAuth says it. */
export function refused(error: string, description: string, status = 400): OauthAnswer {
  return { status, body: { error, error_description: description } };
}

/** Google's document; a client that came to this machine by name is sent to this machine for the rest, too. */
function discovery(host: Host, req: IncomingMessage): JsonObject {
  const here = /^(localhost|127\.|\[::1\])/.test(req.headers.host ?? "");
  const at = (name: string): string => (here ? `${host.address()}/${name}` : `https://${name}`);
  return {
    issuer,
    authorization_endpoint: at("accounts.google.com/o/oauth2/v2/auth"),
    token_endpoint: at("oauth2.googleapis.com/token"),
    jwks_uri: at("www.googleapis.com/oauth2/v3/certs"),
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: ["openid", "email"],
    claims_supported: ["aud", "azp", "email", "email_verified", "exp", "iat", "iss", "sub"],
  };
}

/** Public keys as PEM by key id: what `google-auth-library` verifies ID tokens with. */
async function pems(host: Host): Promise<JsonObject> {
  const { keys } = await host.tokens.jwks();
  const found = Array.isArray(keys) ? (keys as readonly Record<string, string>[]) : [];
  return Object.fromEntries(
    found.map((key) => [
      key.kid,
      String(createPublicKey({ key, format: "jwk" }).export({ format: "pem", type: "spki" })),
    ]),
  );
}

async function tokenInfo(host: Host, access: string | null, id: string | null): Promise<OauthAnswer> {
  if (id !== null) {
    const checked = await host.tokens.verifyId(id);
    if ("invalid" in checked) return refused("invalid_token", "Invalid Value");
    const texts = Object.entries(checked.claims).map(([name, value]) => [name, String(value)]);
    return { status: 200, body: { ...Object.fromEntries(texts), alg: "RS256", typ: "JWT" } };
  }
  const check = access === null ? undefined : (host.tokens as LocalTokens).inspect(access);
  if (check === undefined || "expired" in check) return refused("invalid_token", "Invalid Value");
  const { principal, scopes, expiresAtMs } = check;
  return {
    status: 200,
    body: {
      ...(principal.uniqueId === undefined
        ? {}
        : { azp: principal.uniqueId, aud: principal.uniqueId, sub: principal.uniqueId }),
      scope: scopes.length === 0 ? "https://www.googleapis.com/auth/cloud-platform" : scopes.join(" "),
      exp: String(Math.floor(expiresAtMs / 1000)),
      expires_in: String(Math.floor((expiresAtMs - host.clock.now()) / 1000)),
      email: principal.email,
      email_verified: "true",
    },
  };
}

/** Who a token stands for: what Terraform's provider asks first. */
function userInfo(host: Host, token: string | undefined): OauthAnswer {
  const principal = token === undefined ? undefined : host.tokens.verifyAccess(token);
  if (principal === undefined) return refused("invalid_request", "Invalid Credentials", 401);
  return {
    status: 200,
    body: { sub: principal.uniqueId ?? principal.email, email: principal.email, email_verified: true },
  };
}

async function readForm(req: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req) {
    bytes += (chunk as Buffer).length;
    if (bytes <= largestFormBytes) chunks.push(chunk as Buffer);
  }
  return new URLSearchParams(bytes > largestFormBytes ? "" : Buffer.concat(chunks).toString());
}

function send(res: ServerResponse, status: number, body: JsonObject): void {
  const text = JSON.stringify(body);
  res.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
  });
  res.end(text);
}
