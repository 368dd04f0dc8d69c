import type { IncomingMessage, ServerResponse } from "node:http";
import { gzip } from "node:zlib";
import type { ErrorAnswer, Json } from "../service.ts";
import { codes, type RpcError } from "./rpc-error.ts";
import { errorBody } from "./status.ts";

/** Writes JSON answers as Google's REST doors do. Nothing is written to an answer that has begun or ended. */
export interface Respond {
  json(status: number, body: Json, headers?: Readonly<Record<string, string>>): void;
  /** 204 */
  nothing(): void;
  error(error: RpcError): void;
  /** A server stream: a JSON list, an item at a time. */
  list(items: AsyncIterable<Json>): Promise<void>;
}

const zipFromBytes = 1024;

const common = {
  "content-type": "application/json; charset=UTF-8",
  vary: "Origin, X-Origin, Referer",
  "cache-control": "private",
  "x-content-type-options": "nosniff",
  server: "aloft-cloud",
};

export function responder(
  req: IncomingMessage,
  res: ServerResponse,
  options: { readonly pretty: boolean; readonly errors?: (error: RpcError) => ErrorAnswer } = { pretty: true },
): Respond {
  const text = (body: Json): string => (options.pretty ? `${JSON.stringify(body, null, 2)}\n` : JSON.stringify(body));

  const send = (status: number, body: Json, extra: Readonly<Record<string, string>> = {}): void => {
    if (res.headersSent || res.destroyed) {
      res.end();
      return;
    }
    // As a text it goes out in one piece with its head.
    const whole = text(body);
    const size = Buffer.byteLength(whole);
    const headers = { ...common, ...extra };
    const plain = (): void => {
      res.writeHead(status, { ...headers, "content-length": size }).end(whole);
    };
    const accepts = req.headers["accept-encoding"];
    if (size < zipFromBytes || typeof accepts !== "string" || !/\bgzip\b/.test(accepts)) {
      plain();
      return;
    }
    gzip(whole, (failed, zipped) => {
      if (res.headersSent || res.destroyed) return;
      if (failed !== null) {
        plain();
        return;
      }
      const vary = `${common.vary}, Accept-Encoding`;
      res
        .writeHead(status, { ...headers, vary, "content-encoding": "gzip", "content-length": zipped.length })
        .end(zipped);
    });
  };

  return {
    json: send,
    nothing: () => void res.writeHead(204, { server: common.server, vary: common.vary }).end(),
    error: (error) => {
      // A body that was not read to its end would be taken for the next request.
      if (!req.complete && req.httpVersionMajor === 1) {
        res.shouldKeepAlive = false;
        req.resume();
      }
      const { status, headers, body } = options.errors?.(error) ?? standard(error);
      if (typeof body === "object" && body !== null) return send(status, body, headers);
      if (res.headersSent || res.destroyed) return void res.end();
      const text = typeof body === "string" ? body : "";
      const length = status === 304 ? {} : { "content-length": Buffer.byteLength(text) };
      res.writeHead(status, { server: common.server, ...headers, ...length }).end(text);
    },
    list: async (items) => {
      let first = true;
      for await (const item of items) {
        if (first) res.writeHead(200, common);
        res.write(`${first ? "[" : ",\n"}${text(item).trimEnd()}`);
        first = false;
      }
      if (first) res.writeHead(200, common).write("[");
      res.end("]\n");
    },
  };
}

function standard(error: RpcError): ErrorAnswer {
  return { status: codes[error.code].http, headers: error.headers, body: errorBody(error) };
}
