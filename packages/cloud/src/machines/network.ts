import { readdirSync, readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { endianness } from "node:os";
import type { Clock } from "@aloft/kit/clock";
import type { Host } from "../host.ts";
import type { RevisionSpec } from "./machines.ts";
import { descendantsOf } from "./sandbox/process-tree.ts";

/*
 * Instances share this machine's network, so nothing keeps one from an address that on Google only a VPC leads to. Who
 * stands for such an address asks here whose connection it accepted, and refuses it as a network would.
 */

/** A running instance, as the other end of a connection. */
export interface Peer {
  readonly spec: RevisionSpec;
  /** Writes a warning into the revision's logs: the same one of a revision once a minute at most. */
  warn(text: string): void;
}

/** The accepted side of a connection, as `node:net` names its ends. */
export interface Connection {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** What the network knows of who uses it. */
export interface Network {
  /** The instance at the other end; undefined for another program of this machine, and where it cannot be told. */
  ownerOf(connection: Connection): Promise<Peer | undefined>;
}

/** The network with its members, as the machines see it. */
export interface MemberNetwork extends Network {
  /** `holders` are processes: all that they started belongs to the instance too. The answer takes it out again. */
  join(member: {
    readonly spec: RevisionSpec;
    readonly holders: () => readonly number[];
    readonly warn: (text: string) => void;
  }): () => void;
}

/** The network of this cloud. */
export const networkOf = (host: Host): MemberNetwork => host.shared("machines.network", () => createNetwork(host));

/** Where something is that only a VPC leads to. */
export interface PrivatePlace {
  /** `projects/p/global/networks/n` */
  readonly network: string;
  readonly region: string;
}

/** What a revision lacks to reach a place; undefined when it does reach it. */
export function missingEgress(
  { vpcNetwork, region }: Pick<RevisionSpec, "vpcNetwork" | "region">,
  to: PrivatePlace,
): string | undefined {
  if (vpcNetwork === undefined) return `the revision has no VPC egress; it needs Direct VPC egress to ${to.network}`;
  if (vpcNetwork !== to.network)
    return `the revision's VPC egress goes to ${vpcNetwork}; it needs one to ${to.network}`;
  if (region !== to.region) return `the revision runs in ${region}; only revisions in ${to.region} reach it`;
  return undefined;
}

const warnAgainMs = 60_000;

export function createNetwork(ports: {
  readonly clock: Pick<Clock, "now">;
  readonly note: (topic: string, text: string) => void;
}): MemberNetwork {
  const members = new Map<Peer, () => readonly number[]>();
  const told = new Map<string, number>();

  /** Who holds which socket, and where to find a connection's. */
  const look = async (): Promise<(connection: Connection) => Promise<Peer | undefined>> => {
    const first = await readTable("tcp");
    if (first === undefined) {
      ports.note("run/vpc", "VPC egress is not enforced here: this system does not tell whose a connection is.");
      return async () => undefined;
    }
    let second: ReturnType<typeof readTable> | undefined;
    const owners = new Map<string, Peer>();
    for (const [peer, holders] of members) for (const inode of socketsOf(holders())) owners.set(inode, peer);
    return async (connection) => {
      let inode = inodeOf(connection, first, "");
      if (inode === undefined) {
        second ??= readTable("tcp6");
        inode = inodeOf(connection, (await second) ?? "", mapped);
      }
      return inode === undefined ? undefined : owners.get(inode);
    };
  };

  // The tables are long to read: connections that came before a reading began share it.
  let running: Promise<unknown> = Promise.resolve();
  let next: ReturnType<typeof look> | undefined;
  const snapshot = (): ReturnType<typeof look> => {
    if (next === undefined) {
      next = running.then(() => {
        next = undefined;
        const reading = look();
        running = reading;
        return reading;
      });
    }
    return next;
  };

  return {
    ownerOf: async (connection) => {
      // Taken now: a socket forgets its ends when it is closed.
      const { localAddress, localPort, remoteAddress, remotePort } = connection;
      if (members.size === 0 || remoteAddress === undefined) return undefined;
      return (await snapshot())({ localAddress, localPort, remoteAddress, remotePort });
    },
    join: ({ spec, holders, warn }) => {
      const peer: Peer = {
        spec,
        warn: (text) => {
          const now = ports.clock.now();
          for (const [key, atMs] of told) if (now - atMs >= warnAgainMs) told.delete(key);
          const key = `${spec.name} ${text}`;
          if (told.has(key)) return;
          told.set(key, now);
          warn(text);
        },
      };
      members.set(peer, holders);
      return () => void members.delete(peer);
    },
  };
}

/** How the kernel writes what comes before an IPv4 address on an IPv6 socket. */
const mapped = "0000000000000000FFFF0000";

const readTable = (name: "tcp" | "tcp6"): Promise<string | undefined> =>
  readFile(`/proc/net/${name}`, "latin1").catch(() => undefined);

/** The socket at the far end of a connection, by its row: its owner's address first. Undefined where there is none. */
function inodeOf(connection: Connection, table: string, prefix: string): string | undefined {
  const { localAddress = "", localPort, remoteAddress = "", remotePort } = connection;
  const ends = `${prefix}${written(remoteAddress, remotePort)} ${prefix}${written(localAddress, localPort)} `;
  const at = table.indexOf(` ${ends}`);
  if (at < 0) return undefined;
  // After the ends: state, queues, timer, retransmissions, user, timeout, inode.
  const inode = table.slice(at + ends.length + 1, at + ends.length + 160).split(/\s+/)[6];
  return inode === "0" ? undefined : inode;
}

/** An IPv4 end as the kernel writes it: a word in the machine's order and the port, in hexadecimal. */
function written(address: string, port = 0): string {
  const bytes = address
    .replace(/^::ffff:/, "")
    .split(".")
    .map((byte) => Number(byte).toString(16).padStart(2, "0"));
  if (endianness() === "LE") bytes.reverse();
  return `${bytes.join("")}:${port.toString(16).padStart(4, "0")}`.toUpperCase();
}

/** The sockets that these processes and all below them hold, by inode. */
function socketsOf(holders: readonly number[]): readonly string[] {
  const found: string[] = [];
  for (const pid of holders.flatMap((holder) => [holder, ...descendantsOf(holder)])) {
    for (const fd of links(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(fd)?.[1];
      if (inode !== undefined) found.push(inode);
    }
  }
  return found;
}

function links(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((name) => {
      try {
        return readlinkSync(`${folder}/${name}`);
      } catch {
        return "";
      }
    });
  } catch {
    return [];
  }
}
