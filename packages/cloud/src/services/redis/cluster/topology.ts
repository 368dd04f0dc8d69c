import { createHash } from "node:crypto";

/** One `redis-server` of a cluster. */
export interface Node {
  /** Tells its ports; never used twice while the node is there. */
  readonly index: number;
  readonly shard: number;
  /** As Redis names it: 40 hexadecimal digits. */
  readonly id: string;
}

export const slotCount = 16_384;
/** Where clients reach a node at the cluster's second address, as Memorystore numbers them. */
export const portOf = ({ index }: Pick<Node, "index">): number => 11_000 + index;
/** Where nodes speak with each other. */
export const busOf = ({ index }: Pick<Node, "index">): number => 21_000 + index;

/** The nodes of a new cluster, or of one that gets another shape: those that stay, the new ones, those that go. */
export function reshape(
  name: string,
  present: readonly Node[],
  shape: { readonly shards: number; readonly replicas: number },
  /** The ids of the nodes that are primaries now: they stay as long as their shard does. */
  primaries: ReadonlySet<string> = new Set(),
): { readonly keep: readonly Node[]; readonly add: readonly Node[]; readonly remove: readonly Node[] } {
  const keep: Node[] = [];
  const add: Node[] = [];
  let free = 0;
  const taken = new Set(present.map(({ index }) => index));
  const nextIndex = (): number => {
    while (taken.has(free)) free += 1;
    taken.add(free);
    return free;
  };
  for (let shard = 0; shard < shape.shards; shard++) {
    const own = present
      .filter((node) => node.shard === shard)
      .sort((a, b) => Number(primaries.has(b.id)) - Number(primaries.has(a.id)) || a.index - b.index);
    keep.push(...own.slice(0, shape.replicas + 1));
    for (let i = own.length; i <= shape.replicas; i++) {
      const index = nextIndex();
      const id = createHash("sha1").update(`${name} ${index} ${present.length}`).digest("hex");
      add.push({ index, shard, id });
    }
  }
  const kept = new Set(keep);
  return { keep, add, remove: present.filter((node) => !kept.has(node)) };
}

/** The first and the last slot of a shard, where they are shared out evenly. */
export function slotsOf(shard: number, shards: number): readonly [number, number] {
  const from = Math.floor((slotCount * shard) / shards);
  return [from, Math.floor((slotCount * (shard + 1)) / shards) - 1];
}

/** The file by which a node of a new cluster knows all others from the start: nobody has to be introduced. */
export function firstConfig(me: Node, all: readonly Node[], shards: number, address: string): string {
  const primary = new Map<number, Node>();
  for (const node of all) if (!primary.has(node.shard)) primary.set(node.shard, node);
  const lines = all.map((node) => {
    const mine = node.id === me.id ? "myself," : "";
    const first = primary.get(node.shard);
    const where = `${node.id} ${address}:${portOf(node)}@${busOf(node)}`;
    const epoch = node.shard + 1;
    if (first === undefined || first.id === node.id) {
      return `${where} ${mine}master - 0 0 ${epoch} connected ${slotsOf(node.shard, shards).join("-")}`;
    }
    return `${where} ${mine}slave ${first.id} 0 0 ${epoch} connected`;
  });
  return `${lines.join("\n")}\nvars currentEpoch ${shards} lastVoteEpoch 0\n`;
}

/** The same for one that joins later: it knows itself alone. */
export function ownConfig(me: Node, address: string): string {
  return `${me.id} ${address}:${portOf(me)}@${busOf(me)} myself,master - 0 0 0 connected\nvars currentEpoch 0 lastVoteEpoch 0\n`;
}

/** A line of `CLUSTER NODES`, as far as it counts here. */
export interface Seen {
  readonly id: string;
  readonly primary: boolean;
  /** Ready to be spoken with: no handshake, nothing failed. */
  readonly well: boolean;
  readonly slots: readonly (readonly [number, number])[];
}

export function readNodes(text: string): readonly Seen[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [id = "", , flags = "", , , , , link = "", ...ranges] = line.trim().split(" ");
      const slots = ranges
        .filter((range) => !range.startsWith("["))
        .map((range) => {
          const [from = "0", to = from] = range.split("-");
          return [Number(from), Number(to)] as const;
        });
      const own = flags.includes("myself");
      const well = !/fail|handshake|noaddr/.test(flags) && (own || link === "connected");
      return { id, primary: flags.includes("master"), well, slots };
    });
}
