import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2Server } from "node:http2";
import type { Socket } from "node:net";
import type { HttpSurface } from "../service.ts";
import type { GrpcTarget } from "../wire/grpc.ts";
import { codes, RpcError } from "../wire/rpc-error.ts";
import { errorBody } from "../wire/status.ts";
import { refusal } from "./guard.ts";
import { openGate } from "./h2/gate.ts";
import type { RequestHead } from "./h2/head.ts";
import type { H2Stream } from "./h2/stream.ts";
import type { ApiHost } from "./hosts.ts";
import type { Inside } from "./inside.ts";
import { NodeGrpcStream } from "./node-grpc-stream.ts";
import { placeOf } from "./route.ts";

export interface GrpcPortParts {
  readonly inside: () => Inside | undefined;
  readonly surfaceOf: (host: string | undefined) => HttpSurface | undefined;
  readonly apiHost: (host: string) => ApiHost;
  readonly request: (req: IncomingMessage, res: ServerResponse) => void;
  readonly onBug: (thrown: unknown) => void;
}

type Headers = RequestHead["headers"];

/** What becomes of a request: a call on an API; refused; none of gRPC's affairs. */
type Fate = { readonly target: GrpcTarget; readonly inside: Inside } | { readonly refused: string } | "other";

/** Whose fate it is, and for which state of the cloud: surfaces come up while it runs. */
interface Memo {
  readonly inside: Inside | undefined;
  readonly surfaces: number;
  readonly fate: Fate;
}

/**
 * HTTP/2. A connection that begins with a call of gRPC is served by an HTTP/2 of our own, any other by Node's, which costs
 * a read of a secret three times the processor and has no moment at which all that came at once can be committed at once
 * (`npm run bench -- access-secret create-secret` with `wants` answering false tells). gRPC goes
 * by service name, whatever the authority: except where a surface stands for a host that is none of the APIs' (a Cloud
 * Run service).
 */
export function createGrpcPort(parts: GrpcPortParts): (socket: Socket) => void {
  const isGrpc = (type: string | undefined): boolean => /^application\/grpc(\+proto)?($|;)/.test(type ?? "");

  const fateOf = (headers: Headers): Fate => {
    const inside = parts.inside();
    if (!isGrpc(headers["content-type"]) || inside === undefined) return "other";
    const place = placeOf(headers[":authority"] ?? headers.host, headers[":path"] ?? "/");
    const refused = refusal(place, headers);
    if (refused !== undefined) return { refused };
    if (place.host?.endsWith(".googleapis.com") === false && parts.surfaceOf(place.host) !== undefined) return "other";
    return { target: place.host === undefined ? {} : parts.apiHost(place.host), inside };
  };

  const remembered = (head: RequestHead): Fate => {
    const inside = parts.inside();
    const surfaces = inside?.surfaces.length ?? 0;
    const memo = head.memo as Memo | undefined;
    if (memo !== undefined && memo.inside === inside && memo.surfaces === surfaces) return memo.fate;
    const fate = fateOf(head.headers);
    head.memo = { inside, surfaces, fate } satisfies Memo;
    return fate;
  };

  let node: Promise<Http2Server> | undefined;
  const openNode = async (): Promise<Http2Server> => {
    const { createHttp2 } = await import("./http2.ts");
    return createHttp2({
      request: parts.request,
      grpc: (stream, headers) => {
        const fate = fateOf(headers as Headers);
        if (fate === "other" || "refused" in fate) return false;
        fate.inside.grpc(new NodeGrpcStream(stream), headers as Headers, fate.target);
        return true;
      },
      onBug: parts.onBug,
    });
  };

  const others = (socket: Socket): void => {
    node ??= openNode();
    node.then(
      (server) => void (socket.destroyed || server.emit("connection", socket)),
      (thrown) => {
        parts.onBug(thrown);
        socket.destroy();
      },
    );
  };

  const take = (stream: H2Stream, head: RequestHead): boolean => {
    if (head.bad === "large") {
      stream.finish({ "grpc-status": String(codes.RESOURCE_EXHAUSTED.number), "grpc-message": "Too large headers." });
      return true;
    }
    const fate = remembered(head);
    if (fate === "other") return false;
    if ("refused" in fate) refuse(stream, fate.refused);
    else fate.inside.grpc(stream, head.headers, fate.target);
    return true;
  };

  const together = (work: () => void): void => {
    const inside = parts.inside();
    if (inside === undefined) work();
    else inside.together(work);
  };

  const wants = (head: RequestHead): boolean => {
    const fate = remembered(head);
    return fate !== "other" && !("refused" in fate);
  };
  return (socket) => openGate(socket, { wants, take, together, others, onBug: parts.onBug });
}

function refuse(stream: H2Stream, why: string): void {
  const error = new RpcError("PERMISSION_DENIED", why);
  const body = Buffer.from(`${JSON.stringify(errorBody(error), null, 2)}\n`);
  const type = { "content-type": "application/json; charset=UTF-8", "content-length": String(body.length) };
  stream.whole({ ":status": String(codes[error.code].http), ...type }, body);
}
