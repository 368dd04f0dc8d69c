import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket, Server as TlsServer } from "node:tls";
import type { HttpSurface } from "../service.ts";
import type { Apis } from "../wire/apis.ts";
import { responder } from "../wire/respond.ts";
import { RpcError } from "../wire/rpc-error.ts";
import { asRpcError } from "../wire/status.ts";
import type { Authority } from "./authority.ts";
import { connectDoor, forwardDoor } from "./connect.ts";
import { refusal } from "./guard.ts";
import { type ApiHost, apiOfHost } from "./hosts.ts";
import type { Inside } from "./inside.ts";
import type { PortHandlers } from "./port.ts";
import type { ProxyOptions } from "./proxy.ts";
import { type Place, placeOf } from "./route.ts";
import { isObjectPath, storageHost } from "./storage-paths.ts";

export interface DoorParts {
  /** The cloud as it is now; undefined while it is being replaced. */
  readonly inside: () => Inside | undefined;
  readonly knows: (api: string) => boolean;
  /** `/_aloft/v1/…` */
  readonly admin: (req: IncomingMessage, res: ServerResponse, path: string) => Promise<void>;
  readonly onBug: (thrown: unknown) => void;
  readonly authority: Authority;
  readonly proxy: ProxyOptions;
  /** The one that the doors stand at. */
  readonly port: () => number;
}

/** What the port does with what comes in: guard, then admin, surfaces, APIs, each by host. */
export function createDoors(parts: DoorParts): PortHandlers {
  const surfaceOf = (host: string | undefined): HttpSurface | undefined =>
    host === undefined ? undefined : parts.inside()?.surfaces.find((surface) => surface.serves(host));
  const apiHost = (host: string): ApiHost => apiOfHost(host, parts.knows);

  const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const place = placeOf(authority(req), req.url ?? "/");
    const refused = refusal(place, req.headers);
    if (refused !== undefined) throw new RpcError("PERMISSION_DENIED", refused);
    if (place.host === undefined) {
      if (place.path.startsWith("/_aloft/")) return parts.admin(req, res, place.path);
    }
    const inside = parts.inside();
    if (inside === undefined) throw new RpcError("UNAVAILABLE", "The local cloud is being reset.");
    const host = place.host ?? (await rootHost(inside.apis, req.method ?? "", place.path));
    const surface = surfaceOf(host);
    if (surface !== undefined) return surface.handle(req, res, { host, path: place.path });
    const { api: name, region } = apiHost(host);
    const api = await inside.apis.byName(name);
    if (api === undefined) throw new RpcError("UNIMPLEMENTED", `The local cloud does not implement ${name}.`);
    return inside.rest(req, res, { api, path: place.path, ...(region === undefined ? {} : { region }) });
  };

  const forwarded = forwardDoor(parts.proxy, parts.port);
  const request = (req: IncomingMessage, res: ServerResponse): void => {
    if (forwarded(req, res)) return;
    serve(req, res).catch((thrown) => responder(req, res).error(asRpcError(thrown, parts.onBug)));
  };

  let http2: Promise<(socket: Socket) => void> | undefined;
  const openHttp2 = async (): Promise<(socket: Socket) => void> => {
    const { createGrpcPort } = await import("./grpc-port.ts");
    return createGrpcPort({ inside: parts.inside, surfaceOf, apiHost, request, onBug: parts.onBug });
  };

  let tls: Promise<TlsServer> | undefined;
  const openTls = async (opened: (socket: TLSSocket) => void): Promise<TlsServer> => {
    try {
      const { createTls } = await import("./tls.ts");
      return await createTls(parts.authority, opened, parts.onBug);
    } catch (thrown) {
      parts.onBug(thrown);
      tls = undefined;
      throw thrown;
    }
  };

  const upgradeTo = (
    req: IncomingMessage,
  ): { place: Place; upgrade: NonNullable<HttpSurface["upgrade"]> } | undefined => {
    const place = placeOf(req.headers.host, req.url ?? "/");
    const upgrade = refusal(place, req.headers) === undefined ? surfaceOf(place.host)?.upgrade : undefined;
    return upgrade === undefined ? undefined : { place, upgrade };
  };

  return {
    request,
    upgrades: (req) => upgradeTo(req) !== undefined,
    upgrade: (req, socket, head) => {
      const found = upgradeTo(req);
      try {
        if (found === undefined) socket.destroy();
        else found.upgrade(req, socket, head, { host: found.place.host ?? "", path: found.place.path });
      } catch (thrown) {
        parts.onBug(thrown);
        socket.destroy();
      }
    },
    http2: (socket) => {
      http2 ??= openHttp2();
      http2.then(
        (serve) => void (socket.destroyed || serve(socket)),
        (thrown) => {
          parts.onBug(thrown);
          socket.destroy();
        },
      );
    },
    tls: (opened) => {
      tls ??= openTls(opened);
      return tls;
    },
    connect: connectDoor(parts.proxy),
  };
}

/** The API of a path at the root of a plain host, as clients send it whose endpoint is set to this cloud. */
async function rootHost(apis: Apis, verb: string, path: string): Promise<string> {
  const bare = path.split("?")[0] ?? "";
  const having = /^\/\w[\w.]*\/./.test(bare) ? await apis.atRoot(verb, bare) : [];
  // Cloud Storage's own paths are known by sight; else it has every path there is, as a bucket's object.
  const found = having.filter((each) => each !== storageHost);
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  if (only === undefined && isObjectPath(path)) return storageHost;
  const name = "name an API in the path (/secretmanager.googleapis.com/v1/…) or in the Host header.";
  throw new RpcError(
    "NOT_FOUND",
    only === undefined
      ? `This is the local Google Cloud: ${name}`
      : `Several APIs have ${verb} ${bare} (${found.join(", ")}): ${name}`,
  );
}

function authority(req: IncomingMessage): string | undefined {
  const sent = req.headers[":authority"] ?? req.headers.host;
  return Array.isArray(sent) ? sent[0] : sent;
}
