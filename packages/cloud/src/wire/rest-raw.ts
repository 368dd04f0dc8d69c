import type { IncomingMessage } from "node:http";
import type { ErrorAnswer, Exchange, Principal, RawRequest, RestPlace } from "../service.ts";
import type { Api, RawEndpoint, RestRoute } from "./api.ts";
import type { Invoker } from "./invoke.ts";
import type { RestTarget } from "./rest.ts";
import type { Match } from "./routes.ts";
import { RpcError } from "./rpc-error.ts";

/** An API's own way to write its errors, at this request. */
export const errorsAt =
  (errors: NonNullable<Api["errors"]>, place: RestPlace) =>
  (error: RpcError): ErrorAnswer =>
    errors(error, place);

/** A method that streams: identified and admitted like any other; what it reads and writes is its own affair. */
export async function serveRaw(
  invoker: Invoker,
  exchange: Exchange,
  target: RestTarget,
  endpoint: RawEndpoint,
  params: Match<RestRoute>["params"],
  query: URLSearchParams,
): Promise<void> {
  const headers = flatHeaders(exchange.req, query.get("access_token") ?? undefined);
  const request = { params: Object.fromEntries(params), query, body: {}, headers };
  const { verb, path } = exchange;
  const caller = await identify(invoker, target.api, headers, () => ({ ...request, verb, path }));
  const call = invoker.call(endpoint, {
    caller,
    headers,
    ...(target.region === undefined ? {} : { hostRegion: target.region }),
  });
  exchange.res.once("close", () => {
    if (!exchange.res.writableFinished) call.abort(new RpcError("CANCELLED", "The client went away."));
  });
  await invoker.raw(endpoint, request, call, exchange);
}

/** Who calls, as the API sees it. */
export function identify(
  invoker: Invoker,
  api: Api,
  headers: Readonly<Record<string, string | undefined>>,
  request: () => RawRequest & RestPlace,
): Principal | Promise<Principal> {
  const byToken = (): Principal => invoker.chain.identify(headers, api.service.api);
  return api.identify === undefined ? byToken() : api.identify(request(), byToken);
}

/** Headers as one value each; a token in the query stands for the header. */
export function flatHeaders(req: IncomingMessage, accessToken: string | undefined): Record<string, string | undefined> {
  const flat: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(req.headers)) flat[name] = Array.isArray(value) ? value.join(", ") : value;
  if (accessToken !== undefined && flat.authorization === undefined) flat.authorization = `Bearer ${accessToken}`;
  return flat;
}
