import type { IncomingMessage, ServerResponse } from "node:http";
import {
  constants,
  createServer,
  type Http2Server,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";

export interface Http2Handlers {
  /** An ordinary request, as the compatibility API has it. */
  readonly request: (req: IncomingMessage, res: ServerResponse) => void;
  /** Takes a gRPC call, as a raw stream; false: it is for an ordinary handler after all. */
  readonly grpc: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean;
  readonly onBug: (thrown: unknown) => void;
}

/** A client that has no more to say gets what is under way, for so long. */
const lastWordsMs = 2000;

/** HTTP/2 in the clear. It never listens: connections are handed to it. */
export function createHttp2(handlers: Http2Handlers): Http2Server {
  const server = createServer({
    settings: { maxConcurrentStreams: 1000, initialWindowSize: 1 << 20, maxHeaderListSize: 64 * 1024 },
  });
  server.on("session", (session) => {
    session.on("error", () => undefined);
    session.setLocalWindowSize(8 << 20);
    session.socket.once("end", () => {
      session.close();
      const timer = setTimeout(() => session.destroy(), lastWordsMs).unref();
      session.once("close", () => clearTimeout(timer));
    });
  });
  server.on("sessionError", () => undefined);
  server.on("stream", (given, headers, _flags, rawHeaders) => {
    const stream = given as ServerHttp2Stream;
    stream.on("error", () => undefined);
    try {
      if (/^application\/grpc(\+proto)?($|;)/.test(headers["content-type"] ?? "")) {
        if (handlers.grpc(stream, headers)) return;
      }
      const req = new Http2ServerRequest(stream, headers, {}, rawHeaders as unknown as string[]);
      const res = new Http2ServerResponse(stream);
      handlers.request(req as unknown as IncomingMessage, res as unknown as ServerResponse);
    } catch (thrown) {
      handlers.onBug(thrown);
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    }
  });
  return server;
}
