import { execFile } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A real pipe. `writeFd` goes to a child and is closed here by `handedOver`; the reader ends when all writers have. */
export interface Pipe {
  readonly reader: Socket;
  readonly writeFd: number;
  handedOver(): void;
}

/**
 * Pipes for a child's output. Node gives children sockets instead, and a program that opens `/dev/stdout` by its name, as
 * nginx is often set to, cannot open a socket.
 */
export async function pipes(folder: string, names: readonly string[]): Promise<readonly Pipe[]> {
  const paths = names.map((name) => join(folder, name));
  await run("mkfifo", ["-m", "600", ...paths]);
  const made = paths.map((path) => {
    const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeFd = openSync(path, constants.O_WRONLY);
    const reader = new Socket({ fd: readFd, readable: true, writable: false });
    return { reader, writeFd, handedOver: () => closeSync(writeFd) };
  });
  await Promise.all(paths.map((path) => rm(path, { force: true })));
  return made;
}
