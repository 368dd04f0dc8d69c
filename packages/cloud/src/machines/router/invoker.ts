import type { IncomingHttpHeaders } from "node:http";
import type { Iam, Tokens } from "../../host.ts";
import type { Principal } from "../../service.ts";
import type { ServedService } from "../machines.ts";
import { type Page, pages } from "./pages.ts";

const permission = "run.routes.invoke";
const anonymous: Principal = { kind: "anonymous", email: "" };

/** The audience of what `gcloud auth print-identity-token` gives to a person: https://cloud.google.com/run/docs/authenticating/developers */
const gcloudAudience = "32555940559.apps.googleusercontent.com";

/** The headers as the program sees them, or the page that answers in its place. */
export type Admission = { readonly headers: IncomingHttpHeaders } | { readonly page: Page };

/**
 * Cloud Run's invoker check. Open to all: everything passes, untouched. Otherwise an ID token (of
 * `X-Serverless-Authorization`, else of `Authorization`) whose audience is one of the service's URLs or custom audiences,
 * and whose owner holds `run.routes.invoke`: 403 without, 401 for a bad one, 403 for another's. The program sees the token
 * with its signature removed.
 */
export async function admit(options: {
  readonly service: ServedService;
  readonly headers: IncomingHttpHeaders;
  readonly url: string;
  readonly iam: Pick<Iam, "allowed">;
  readonly tokens: Pick<Tokens, "verifyId">;
}): Promise<Admission> {
  const { service, headers, url, iam, tokens } = options;
  const resource = `run.googleapis.com/${service.name}`;
  if (service.invokerIamDisabled || iam.allowed(anonymous, permission, resource)) return { headers };
  const name = headers["x-serverless-authorization"] === undefined ? "authorization" : "x-serverless-authorization";
  const given = headers[name];
  if (typeof given !== "string" || given === "") return { page: pages.forbidden(url) };
  const token = /^Bearer\s+(\S+)$/i.exec(given.trim())?.[1];
  if (token === undefined) return { page: pages.unauthorized(url, "The request was not authenticated.") };
  const verified = await tokens.verifyId(token);
  if ("invalid" in verified) return { page: pages.unauthorized(url, "The access token could not be verified") };
  const { aud, email, sub } = verified.claims;
  const principal: Principal = {
    kind: typeof email === "string" && !email.endsWith(".gserviceaccount.com") ? "user" : "serviceAccount",
    email: typeof email === "string" ? email : "",
    ...(typeof sub === "string" ? { uniqueId: sub } : {}),
  };
  const audiences = [...service.hosts.map((host) => `https://${host}`), ...service.audiences];
  const fits =
    typeof aud === "string" &&
    (audiences.includes(aud.replace(/\/$/, "")) ||
      tagged(service, aud) ||
      (aud === gcloudAudience && principal.kind === "user"));
  if (!fits) return { page: pages.unauthorized(url, "The access token could not be verified") };
  if (principal.email === "" || !iam.allowed(principal, permission, resource)) return { page: pages.forbidden(url) };
  const unsigned = `${token.slice(0, token.lastIndexOf(".") + 1)}SIGNATURE_REMOVED_BY_GOOGLE`;
  return { headers: { ...headers, [name]: `Bearer ${unsigned}` } };
}

/** Whether the audience is the URL of one of the service's tags. */
function tagged(service: ServedService, audience: string): boolean {
  return service.traffic.some(
    ({ tag }) =>
      tag !== undefined && service.hosts.some((host) => audience.replace(/\/$/, "") === `https://${tag}---${host}`),
  );
}
