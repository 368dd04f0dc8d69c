import { closeSync, read } from "node:fs";
import type { ServerResponse } from "node:http";
import { promisify } from "node:util";

const readAt = promisify(read);
const pieceBytes = 256 * 1024;

/**
 * Writes bytes `start` to `end` (both included) of an open file as the client takes them, through one buffer that is
 * filled again when it is out: memory stays the same however large the file. Closes the file; throws when the client
 * goes away.
 */
export async function pour(fd: number, start: number, end: number, res: ServerResponse): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(pieceBytes, end - start + 1));
  let gone: (reason: Error) => void = () => undefined;
  const closed = (): void => gone(new Error("The client went away."));
  res.once("close", closed);
  try {
    for (let at = start; at <= end; ) {
      const length = Math.min(buffer.length, end - at + 1);
      const { bytesRead } = await readAt(fd, buffer, 0, length, at);
      if (bytesRead === 0) throw new Error("The object's file is shorter than its row says.");
      await new Promise<void>((resolve, reject) => {
        gone = reject;
        if (res.destroyed) closed();
        else res.write(buffer.subarray(0, bytesRead), (failed) => (failed ? reject(failed) : resolve()));
      });
      at += bytesRead;
    }
    res.end();
  } finally {
    res.off("close", closed);
    closeSync(fd);
  }
}
