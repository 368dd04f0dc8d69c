import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { RpcError } from "./rpc-error.ts";

export const maxBodyBytes = 32 * 1024 * 1024;

const tooLarge = (): RpcError =>
  new RpcError("INVALID_ARGUMENT", `Request payload size exceeds the limit: ${maxBodyBytes} bytes.`);

const unzip = promisify(gunzip) as unknown as (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const nothing: Buffer = Buffer.alloc(0);

/** Whether it said that it has no body: in HTTP/1 by leaving the length out. */
export function isEmpty({ headers, httpVersionMajor }: IncomingMessage): boolean {
  return (
    httpVersionMajor === 1 && headers["transfer-encoding"] === undefined && (headers["content-length"] ?? "0") === "0"
  );
}

/** A request's whole body, unzipped. Throws INVALID_ARGUMENT when it is too large or its encoding is unknown. */
export async function readBody(req: IncomingMessage): Promise<Buffer> {
  if (Number(req.headers["content-length"] ?? 0) > maxBodyBytes) throw tooLarge();
  if (isEmpty(req)) return nothing;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw tooLarge();
    chunks.push(chunk);
  }
  const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  const encoding = req.headers["content-encoding"] ?? "identity";
  if (encoding === "identity" || bytes.length === 0) return bytes;
  if (encoding !== "gzip") throw new RpcError("INVALID_ARGUMENT", `Unsupported Content-Encoding: ${encoding}.`);
  try {
    return await unzip(bytes, { maxOutputLength: maxBodyBytes });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge();
    throw new RpcError("INVALID_ARGUMENT", "The request's body is not valid gzip.");
  }
}
