import type { IncomingMessage, ServerResponse } from "node:http";

/** The codes of the OCI distribution specification, and the two that Google adds, with their HTTP status. */
const statuses = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  GOOGLE_MANIFEST_DANGLING_TAG: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  RANGE_INVALID: 416,
  SIZE_INVALID: 413,
  UNAUTHORIZED: 401,
  UNSUPPORTED: 501,
} as const;

/** An answer of the registry that is an error: `{"errors":[{"code","message"}]}`. */
export class OciError extends Error {
  readonly code: keyof typeof statuses;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: keyof typeof statuses, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = "OciError";
    this.code = code;
    this.headers = headers;
  }

  get status(): number {
    return statuses[this.code];
  }
}

/** One request to the registry, its address already read. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** `us-central1` */
  readonly location: string;
  /** Below the host, without query: `/v2/project/repo/image/manifests/v1`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** What stands before `path` where the registry is reached by path prefix; else empty. */
  readonly prefix: string;
}

export function send(
  exchange: Exchange,
  status: number,
  headers: Readonly<Record<string, string | number>> = {},
  body?: string | Uint8Array,
): void {
  const { req, res } = exchange;
  res.writeHead(status, {
    "docker-distribution-api-version": "registry/2.0",
    "content-length": body === undefined ? 0 : Buffer.byteLength(body),
    ...headers,
  });
  res.end(req.method === "HEAD" ? undefined : body);
}

export function sendJson(
  exchange: Exchange,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  send(exchange, status, { "content-type": "application/json", ...headers }, JSON.stringify(value));
}

/** Answers an error; what has not been read of the request is let go with the connection. */
export function sendError(exchange: Exchange, error: OciError): void {
  const { req, res } = exchange;
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const headers: Record<string, string> = { ...error.headers };
  if (!req.complete) headers.connection = "close";
  sendJson(exchange, error.status, { errors: [{ code: error.code, message: error.message }] }, headers);
}

/** The whole body, when it is not longer than `limit` bytes. */
export async function readBody(req: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new OciError("SIZE_INVALID", `The manifest is larger than ${limit} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `bytes=a-b` of a body of `size` bytes, both ends included; undefined for none, null for one that cannot be met. */
export function parseRange(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | null | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const [, first, last] = match as unknown as [string, string, string];
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return start > end ? null : { start, end };
}
