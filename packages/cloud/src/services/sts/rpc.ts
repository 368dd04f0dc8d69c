import type { IncomingMessage, ServerResponse } from "node:http";
import { serviceDisabled } from "../../chain/enabled.ts";
import type { Host } from "../../host.ts";
import type { JsonObject, Principal } from "../../service.ts";
import { readBody } from "../../wire/body.ts";
import { type Respond, responder } from "../../wire/respond.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { asRpcError } from "../../wire/status.ts";
import { auditExchange, type Exchanged } from "./audit.ts";
import { federatedNames, mapClaims, OauthError, readExchange } from "./rules.ts";
import { trustedProvider } from "./store.ts";
import { verifySubject } from "./verify.ts";

const lifetimeS = 3600;
const service = { api: "sts.googleapis.com", title: "Security Token Service API" };

/** `sts.googleapis.com/v1/token`: a token of a trusted issuer for one of this cloud's. */
export async function serveSts(
  host: Host,
  req: IncomingMessage,
  res: ServerResponse,
  at: { readonly path: string },
): Promise<void> {
  const respond = responder(req, res);
  const path = at.path.split("?")[0];
  try {
    if (req.method === "POST" && path === "/v1/introspect") {
      throw new RpcError("UNIMPLEMENTED", "The local cloud does not implement sts.introspect.");
    }
    if (req.method !== "POST" || path !== "/v1/token") throw new RpcError("NOT_FOUND", "Method not found.");
    const headers = req.headers as Readonly<Record<string, string | undefined>>;
    respond.json(200, await exchange(host, await fieldsOf(req), headers));
  } catch (thrown) {
    refuse(respond, thrown);
  }
}

async function exchange(host: Host, fields: Exchanged["fields"], headers: Exchanged["headers"]): Promise<JsonObject> {
  const asked = readExchange(fields);
  const project = host.projects.get(asked.provider.split("/")[1] ?? "");
  if (project !== undefined && !host.projects.enabled(project.id, service.api)) throw serviceDisabled(service, project);
  const { provider, pool, name } = trustedProvider(host, project, asked.provider);
  const audience = `//iam.googleapis.com/${name}`;
  let seen: Exchanged = { fields, headers, provider: name };
  const tell = (more: Pick<Exchanged, "mapped" | "error">): void => {
    if (project !== undefined) auditExchange(host, project, { ...seen, ...more });
  };
  let principal: Principal;
  try {
    const claims = await verifySubject(host, asked.subjectToken, provider.oidc, [audience, `https:${audience}`]);
    if (typeof claims.sub === "string") seen = { ...seen, subject: claims.sub };
    const federated = federatedNames(pool, mapClaims(claims, provider));
    principal = { kind: "federated", email: federated.name, sets: federated.sets };
  } catch (error) {
    tell({ error });
    throw error;
  }
  tell({ mapped: principal.email });
  const { token } = host.tokens.access({ principal, scopes: asked.scopes, lifetimeS });
  return {
    access_token: token,
    issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
    token_type: "Bearer",
    expires_in: lifetimeS,
  };
}

async function fieldsOf(req: IncomingMessage): Promise<Record<string, string>> {
  const text = (await readBody(req)).toString();
  const isJson = (req.headers["content-type"] ?? "").startsWith("application/json");
  if (!isJson) return Object.fromEntries(new URLSearchParams(text));
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read !== "object" || read === null) throw new Error("no object");
    return Object.fromEntries(Object.entries(read).map(([key, value]) => [key, String(value)]));
  } catch {
    throw new OauthError("invalid_request", "The request's body is no JSON object.");
  }
}

function refuse(respond: Respond, thrown: unknown): void {
  if (thrown instanceof OauthError) {
    respond.json(400, { error: thrown.error, error_description: thrown.message });
    return;
  }
  respond.error(asRpcError(thrown, () => undefined));
}
