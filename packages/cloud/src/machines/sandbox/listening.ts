import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The TCP ports that these processes listen on, for a message; `[]` where Linux does not tell. */
export function listeningPorts(pids: readonly number[]): readonly number[] {
  const sockets = new Set<string>();
  for (const pid of pids) {
    for (const fd of tryList(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(tryLink(`/proc/${pid}/fd/${fd}`))?.[1];
      if (inode !== undefined) sockets.add(inode);
    }
  }
  const ports = new Set<number>();
  for (const table of pids.length === 0 ? [] : [`/proc/${pids[0]}/net/tcp`, `/proc/${pids[0]}/net/tcp6`]) {
    for (const line of tryRead(table).split("\n").slice(1)) {
      // local address, remote address, state (0A: LISTEN), …, the tenth field is the socket's inode
      const fields = line.trim().split(/\s+/);
      if (fields[3] === "0A" && sockets.has(fields[9] ?? ""))
        ports.add(Number.parseInt(fields[1]?.split(":")[1] ?? "", 16));
    }
  }
  return [...ports].sort((a, b) => a - b);
}

function tryList(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function tryLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function tryRead(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
