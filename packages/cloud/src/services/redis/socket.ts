import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** The longest name of a Unix socket, less its final zero: `sun_path` in unix(7), 104 bytes on macOS. */
const mostBytes = 103;

/**
 * Where the `redis-server` of this folder listens: in the folder, or where its name is too long for a socket's, in one of
 * the user's own among the temporary files.
 */
export function socketOf(dir: string): string {
  const near = join(dir, "redis.sock");
  if (Buffer.byteLength(near) <= mostBytes) return near;
  return join(tmpdir(), `aloft-${createHash("sha256").update(dir).digest("hex").slice(0, 24)}`, "redis.sock");
}

/** Makes the socket's folder, closed to all others. Throws when somebody else has made it. */
export function makeRoomFor(socket: string): void {
  const room = dirname(socket);
  mkdirSync(room, { recursive: true, mode: 0o700 });
  const found = lstatSync(room);
  if (!found.isDirectory() || found.uid !== (process.getuid?.() ?? found.uid) || (found.mode & 0o077) !== 0) {
    throw new Error(`${room} is not this user's alone, so Redis cannot listen there.`);
  }
}

export function removeRoomOf(dir: string): void {
  const room = dirname(socketOf(dir));
  if (room !== dir) rmSync(room, { recursive: true, force: true });
}
