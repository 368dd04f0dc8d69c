import type { IncomingMessage, ServerResponse } from "node:http";
import type { Message } from "@bufbuild/protobuf";
import type { Json, JsonObject } from "../service.ts";
import type { Api, RestEndpoint, RestRoute, RpcEndpoint } from "./api.ts";
import { isEmpty, readBody } from "./body.ts";
import type { CallContext, Invoker } from "./invoke.ts";
import { notImplemented } from "./invoke.ts";
import { toProtoJson } from "./json.ts";
import { fieldOf } from "./json-decode.ts";
import { type JsonIn, parseJson } from "./json-text.ts";
import { checkSelection, parseFields, type Selection, select } from "./partial.ts";
import { type Respond, responder } from "./respond.ts";
import { errorsAt, flatHeaders, identify, serveRaw } from "./rest-raw.ts";
import type { Match } from "./routes.ts";
import { RpcError } from "./rpc-error.ts";
import type { SchemaSet } from "./schemas.ts";
import { asRpcError } from "./status.ts";
import { readSystemParameters, type SystemParameters } from "./system-parameters.ts";
import { requestMessage } from "./transcode.ts";

/** Where a request goes, once its host is known. */
export interface RestTarget {
  readonly api: Api;
  readonly region?: string;
  /** Path and query, without the host prefix. */
  readonly path: string;
}

export interface RestDoorParts {
  readonly invoker: Invoker;
  readonly schemas: SchemaSet;
  readonly onBug: (thrown: unknown) => void;
}

/** The JSON surface of every API: `google.api.http` for proto services, the discovery paths of the others. */
export type RestDoor = (req: IncomingMessage, res: ServerResponse, target: RestTarget) => Promise<void>;

export function createRestDoor(parts: RestDoorParts): RestDoor {
  return async (req, res, target) => {
    let respond = responder(req, res);
    try {
      const url = new URL(target.path, "http://local");
      const override = req.headers["x-http-method-override"];
      const verb = req.method === "POST" && typeof override === "string" ? override.toUpperCase() : (req.method ?? "");
      const place = { verb, path: url.pathname };
      const errors = target.api.errors && { errors: errorsAt(target.api.errors, place) };
      respond = responder(req, res, { pretty: true, ...errors });
      const match = findRoute(target.api, verb, url.pathname);
      if (match.value.endpoint.kind === "raw") {
        await serveRaw(
          parts.invoker,
          { req, res, ...place },
          target,
          match.value.endpoint,
          match.params,
          url.searchParams,
        );
        return;
      }
      const system = readSystemParameters(url.searchParams);
      respond = responder(req, res, { pretty: system.pretty, ...errors });
      await serve(parts, req, res, { target, match, system, query: [...url.searchParams] }, respond);
    } catch (thrown) {
      const error = asRpcError(thrown, parts.onBug);
      // An answer that breaks off midway must not look whole.
      if (res.headersSent && !res.writableEnded) res.destroy();
      else respond.error(error);
    }
  };
}

function findRoute(api: Api, verb: string, path: string): Match<RestRoute> {
  let match: Match<RestRoute> | undefined;
  try {
    match = api.routes.find(verb, path);
  } catch {
    throw new RpcError("INVALID_ARGUMENT", "Invalid percent-encoding in the request's path.");
  }
  if (match === undefined) throw new RpcError("NOT_FOUND", "Method not found.");
  return match;
}

interface Request {
  readonly target: RestTarget;
  readonly match: Match<RestRoute>;
  readonly system: SystemParameters;
  readonly query: readonly (readonly [string, string])[];
}

async function serve(
  { invoker, schemas }: RestDoorParts,
  req: IncomingMessage,
  res: ServerResponse,
  { target, match, system, query }: Request,
  respond: Respond,
): Promise<void> {
  const { endpoint } = match.value;
  if (endpoint.kind === "raw") return;
  if (endpoint.kind === "rpc" && endpoint.method === undefined) throw notImplemented(endpoint.id);
  const headers = flatHeaders(req, system.accessToken);
  const identified = identify(invoker, target.api, headers, () => ({
    params: Object.fromEntries(match.params),
    query: new URLSearchParams(query.map(([name, value]) => [name, value])),
    body: {},
    headers,
    verb: req.method ?? "",
    path: target.path.split("?")[0] ?? "",
  }));
  const caller = identified instanceof Promise ? await identified : identified;
  const call = invoker.call(endpoint, {
    caller,
    headers,
    plainJson: !system.enumAsInteger,
    ...(target.region === undefined ? {} : { hostRegion: target.region }),
  });
  res.once("close", () => {
    if (!res.writableFinished) call.abort(new RpcError("CANCELLED", "The client went away."));
  });
  const { json, form } = isEmpty(req) ? noBody : await readJson(req);
  const all = [...query, ...form];
  const selection: Selection = system.fields === undefined ? new Map() : parseFields(system.fields);
  if (endpoint.kind === "rest") {
    const answer = await restAnswer(invoker, endpoint, { match, query: all, json, system }, call);
    return answer === undefined ? respond.nothing() : respond.json(200, select(answer, selection));
  }
  if (system.fields !== undefined) checkSelection(selection, endpoint.output, system.fields);
  const { body, responseBody } = match.value as Extract<RestRoute, { endpoint: RpcEndpoint }>;
  const request = requestMessage(schemas, endpoint.input, { body, json, params: match.params, query: all });
  const asJson = (message: Message): Json => {
    const plain = toProtoJson(schemas, endpoint.output, message, { enumAsInteger: system.enumAsInteger });
    const whole = target.api.answers?.(plain, endpoint.output.typeName, target.path) ?? plain;
    const field = responseBody === "" ? undefined : fieldOf(endpoint.output, responseBody);
    const answer = field === undefined ? whole : ((whole as JsonObject)[field.jsonName] ?? {});
    return select(answer, selection);
  };
  if (endpoint.streams === "both") throw notImplemented(`${endpoint.id} over REST`);
  if (endpoint.streams === "none") {
    const answer = invoker.unary(endpoint, request, call);
    return respond.json(200, asJson(answer instanceof Promise ? await answer : answer));
  }
  await respond.list(mapStream(invoker.stream(endpoint, request, call, nothing()), asJson));
}

async function restAnswer(
  invoker: Invoker,
  endpoint: RestEndpoint,
  sent: Pick<Request, "match" | "query" | "system"> & { readonly json: JsonIn | undefined },
  call: CallContext,
): Promise<Json | undefined> {
  const { match, query, system, json } = sent;
  if (json !== undefined && (typeof json !== "object" || json === null || Array.isArray(json))) {
    throw new RpcError("INVALID_ARGUMENT", "Invalid JSON payload received. Root element must be a message.");
  }
  const request = {
    params: Object.fromEntries(match.params),
    query: new URLSearchParams(query.map(([name, value]) => [name, value])),
    body: (json ?? {}) as JsonObject,
    ...(call.hostRegion === undefined ? {} : { hostRegion: call.hostRegion }),
    ...(system.enumAsInteger ? { enumAsInteger: true } : {}),
  };
  return invoker.rest(endpoint, request, call);
}

const noBody: Awaited<ReturnType<typeof readJson>> = { json: undefined, form: [] };

/** The body as JSON, or as further query parameters where it is a form (what `curl -d` sends by itself). */
async function readJson(req: IncomingMessage): Promise<{ json: JsonIn | undefined; form: [string, string][] }> {
  const bytes = await readBody(req);
  const type = (req.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "application/x-www-form-urlencoded") {
    return { json: undefined, form: [...new URLSearchParams(bytes.toString())] };
  }
  if (bytes.length === 0) return { json: undefined, form: [] };
  if (type !== "" && type !== "application/json" && type !== "text/plain" && !type.endsWith("+json")) {
    throw new RpcError("INVALID_ARGUMENT", `The local cloud reads application/json, not ${type}.`);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new RpcError("INVALID_ARGUMENT", "Invalid JSON payload received. Encountered non UTF-8 code points.");
  }
  // The official Node library sends an empty string for a body that is an empty message.
  const given = text.trim();
  return { json: given === "" || given === '""' ? undefined : parseJson(text), form: [] };
}

async function* mapStream(messages: AsyncIterable<Message>, map: (message: Message) => Json): AsyncGenerator<Json> {
  for await (const message of messages) yield map(message);
}

async function* nothing(): AsyncGenerator<Message> {}
