import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { RpcError } from "./rpc-error.ts";

export const maxBodyBytes = 32 * 1024 * 1024;

const tooLarge = (): RpcError =>
  new RpcError("INVALID_ARGUMENT", `Request payload size exceeds the limit: ${maxBodyBytes} bytes.`);

const unzip = promisify(gunzip) as unknown as (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

/** A request's whole body, unzipped. Throws INVALID_ARGUMENT when it is too large or its encoding is unknown. */
export async function readBody(req: IncomingMessage): Promise<Buffer> {
  if (Number(req.headers["content-length"] ?? 0) > maxBodyBytes) throw tooLarge();
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
