import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2Server, ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import type { HttpSurface } from "../service.ts";
import type { Apis } from "../wire/apis.ts";
import type { GrpcDoor } from "../wire/grpc.ts";
import { responder } from "../wire/respond.ts";
import type { RestDoor } from "../wire/rest.ts";
import { RpcError } from "../wire/rpc-error.ts";
import { asRpcError } from "../wire/status.ts";
import { refusal } from "./guard.ts";
import { type ApiHost, apiOfHost } from "./hosts.ts";
import type { PortHandlers } from "./port.ts";
import { type Place, placeOf } from "./route.ts";

export interface DoorParts {
  /** The cloud as it is now: a reset replaces it. */
  readonly current: () => {
    readonly apis: Apis;
    readonly rest: RestDoor;
    readonly grpc: GrpcDoor;
    readonly surfaces: readonly HttpSurface[];
  };
  readonly knows: (api: string) => boolean;
  /** `/_aloft/v1/…` */
  readonly admin: (req: IncomingMessage, res: ServerResponse, path: string) => Promise<void>;
  readonly onBug: (thrown: unknown) => void;
}

/** What the port does with what comes in: guard, then admin, surfaces, APIs, each by host. */
export function createDoors(parts: DoorParts): PortHandlers {
  let http2: Promise<Http2Server> | undefined;

  const surfaceOf = (host: string | undefined): HttpSurface | undefined =>
    host === undefined ? undefined : parts.current().surfaces.find((surface) => surface.serves(host));
  const apiHost = (host: string): ApiHost => apiOfHost(host, parts.knows);

  const request = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const place = placeOf(authority(req), req.url ?? "/");
    const refused = refusal(place, req.headers);
    if (refused !== undefined) throw new RpcError("PERMISSION_DENIED", refused);
    if (place.host === undefined) {
      if (place.path.startsWith("/_aloft/")) return parts.admin(req, res, place.path);
      throw new RpcError(
        "NOT_FOUND",
        "This is the local Google Cloud: name an API in the path (/secretmanager.googleapis.com/v1/…) or in the Host header.",
      );
    }
    const surface = surfaceOf(place.host);
    if (surface !== undefined) return surface.handle(req, res, { host: place.host, path: place.path });
    const { api: name, region } = apiHost(place.host);
    const { apis, rest } = parts.current();
    const api = await apis.byName(name);
    if (api === undefined) throw new RpcError("UNIMPLEMENTED", `The local cloud does not implement ${name}.`);
    await rest(req, res, { api, path: place.path, ...(region === undefined ? {} : { region }) });
  };

  const answer = (req: IncomingMessage, res: ServerResponse): void => {
    request(req, res).catch((thrown) => responder(req, res).error(asRpcError(thrown, parts.onBug)));
  };

  const upgradeTo = (req: IncomingMessage): { place: Place; surface: HttpSurface } | undefined => {
    const place = placeOf(req.headers.host, req.url ?? "/");
    const surface = refusal(place, req.headers) === undefined ? surfaceOf(place.host) : undefined;
    return surface?.upgrade === undefined ? undefined : { place, surface };
  };

  /** HTTP/2: gRPC by its content type, as raw streams; everything else as an ordinary request. */
  const stream = (
    modules: typeof import("node:http2"),
    raw: ServerHttp2Stream,
    headers: import("node:http2").IncomingHttpHeaders,
    rawHeaders: string[],
  ): void => {
    const place = placeOf(headers[":authority"] ?? headers.host, headers[":path"] ?? "/");
    const isGrpc = /^application\/grpc(\+proto)?($|;)/.test(headers["content-type"] ?? "");
    if (!isGrpc || surfaceOf(place.host) !== undefined) {
      const { Http2ServerRequest, Http2ServerResponse } = modules;
      const req = new Http2ServerRequest(raw, headers, {}, rawHeaders) as unknown as IncomingMessage;
      const res = new Http2ServerResponse(raw) as unknown as ServerResponse;
      return answer(req, res);
    }
    const refused = refusal(place, headers);
    if (refused !== undefined) {
      raw.respond({ ":status": 403, "content-type": "text/plain" });
      return void raw.end(`${refused}\n`);
    }
    const { api, region } = place.host === undefined ? {} : apiHost(place.host);
    const target = { ...(api === undefined ? {} : { api }), ...(region === undefined ? {} : { region }) };
    parts.current().grpc(raw, headers, target);
  };

  const makeHttp2 = async (): Promise<Http2Server> => {
    const modules = await import("node:http2");
    const server = modules.createServer({
      settings: { maxConcurrentStreams: 1000, initialWindowSize: 1 << 20, maxHeaderListSize: 64 * 1024 },
    });
    server.on("session", (session) => {
      session.on("error", () => undefined);
      session.setLocalWindowSize(8 << 20);
    });
    server.on("sessionError", () => undefined);
    server.on("stream", (raw, headers, _flags, rawHeaders) => {
      raw.on("error", () => undefined);
      try {
        stream(modules, raw as ServerHttp2Stream, headers, rawHeaders as unknown as string[]);
      } catch (thrown) {
        parts.onBug(thrown);
        raw.close(modules.constants.NGHTTP2_INTERNAL_ERROR);
      }
    });
    return server;
  };

  return {
    request: answer,
    upgrades: (req) => upgradeTo(req) !== undefined,
    upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => {
      const found = upgradeTo(req);
      if (found?.surface.upgrade === undefined) return void socket.destroy();
      const { place, surface } = found;
      try {
        surface.upgrade?.(req, socket, head, { host: place.host ?? "", path: place.path });
      } catch (thrown) {
        parts.onBug(thrown);
        socket.destroy();
      }
    },
    http2: () => (http2 ??= makeHttp2()),
  };
}

function authority(req: IncomingMessage): string | undefined {
  const sent = req.headers[":authority"] ?? req.headers.host;
  return Array.isArray(sent) ? sent[0] : sent;
}
