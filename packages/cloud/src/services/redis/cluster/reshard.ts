import { setTimeout as wait } from "node:timers/promises";
import { type Reply, talk, tell } from "./talk.ts";
import { type Node, portOf, readNodes, type Seen, slotsOf } from "./topology.ts";

/** The nodes of a cluster that run, and how to speak with them. */
export interface Running {
  readonly nodes: readonly Node[];
  /** The second address of the cluster, where the nodes are. */
  readonly address: string;
  readonly secret: string;
  readonly socket: (node: Node) => string;
}

const patienceMs = 20_000;

/** What one node knows of all. */
export async function view({ socket, secret }: Running, node: Node): Promise<readonly Seen[]> {
  return readNodes(String(await tell(socket(node), secret, "CLUSTER", "NODES")));
}

/** Waits until every node knows every other, replicas follow, and the whole answers for all slots. Throws when it takes too long. */
export async function settled(running: Running): Promise<void> {
  await until(async () => {
    for (const node of running.nodes) {
      const info = String(await tell(running.socket(node), running.secret, "CLUSTER", "INFO"));
      if (!info.includes("cluster_state:ok")) return false;
      const seen = await view(running, node);
      if (seen.length !== running.nodes.length || !seen.every(({ well }) => well)) return false;
      const role = String(await tell(running.socket(node), running.secret, "INFO", "replication"));
      if (role.includes("master_link_status:down")) return false;
    }
    return true;
  });
}

/** The nodes that know nobody yet: they were to join when the cloud was killed. */
export async function strangers(running: Running): Promise<readonly Node[]> {
  const views = await Promise.all(running.nodes.map((node) => view(running, node)));
  return running.nodes.length < 2 ? [] : running.nodes.filter((_, i) => views[i]?.length === 1);
}

/** Makes nodes that know only themselves part of the cluster that `running` is with them. */
export async function introduce(running: Running, added: readonly Node[]): Promise<void> {
  const { secret, socket, address, nodes } = running;
  const isNew = new Set(added.map(({ id }) => id));
  const host = nodes.find(({ id }) => !isNew.has(id));
  if (host === undefined || added.length === 0) return;
  // Each begins with an epoch of its own, above all others: what it says of its slots then counts.
  const info = String(await tell(socket(host), secret, "CLUSTER", "INFO"));
  const epoch = Number(/cluster_current_epoch:(\d+)/.exec(info)?.[1] ?? 0);
  for (const [i, node] of added.entries()) {
    await tell(socket(node), secret, "CLUSTER", "SET-CONFIG-EPOCH", String(epoch + 1 + i));
    const bus = String(portOf(node) + 10_000);
    await tell(socket(host), secret, "CLUSTER", "MEET", address, String(portOf(node)), bus);
  }
  await settled(running);
  const primaries = primariesOf(await view(running, host), nodes);
  for (const node of added) {
    const primary = primaries.get(node.shard);
    const first = added.find(({ shard }) => shard === node.shard);
    const leader = primary !== undefined && !isNew.has(primary.id) ? primary : first;
    if (leader === undefined || leader.id === node.id) continue;
    await until(async () => {
      const [reply = null] = await talk(socket(node), [["CLUSTER", "REPLICATE", leader.id]], { password: secret });
      return !(reply instanceof Error);
    });
  }
}

/** The primary of each shard; of one that has slots nowhere yet, the first that could be it. */
export function primariesOf(seen: readonly Seen[], nodes: readonly Node[]): ReadonlyMap<number, Node> {
  const found = new Map<number, Node>();
  const known = new Map(seen.map((each) => [each.id, each]));
  for (const node of nodes) {
    const state = known.get(node.id);
    if (state?.primary !== true) continue;
    if (!found.has(node.shard) || state.slots.length > 0) found.set(node.shard, node);
  }
  return found;
}

/** Shares the slots out evenly among `shards`, with the keys that are in them, while the cluster is used. */
export async function share(running: Running, shards: number): Promise<void> {
  const { socket, secret, nodes } = running;
  const [any] = nodes;
  if (any === undefined) return;
  const seen = await view(running, any);
  const primaries = primariesOf(seen, nodes);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const owner = new Map<number, Node>();
  for (const { id, slots } of seen) {
    const node = byId.get(id);
    for (const [from, to] of slots)
      for (let slot = from; node !== undefined && slot <= to; slot++) owner.set(slot, node);
  }
  for (let shard = 0; shard < shards; shard++) {
    const to = primaries.get(shard);
    if (to === undefined) throw new Error(`Shard ${shard} has no primary.`);
    const [first, last] = slotsOf(shard, shards);
    const coming = new Map<Node, number[]>();
    for (let slot = first; slot <= last; slot++) {
      const from = owner.get(slot);
      if (from !== undefined && from.id !== to.id) coming.set(from, [...(coming.get(from) ?? []), slot]);
    }
    if (coming.size === 0) continue;
    await tell(socket(to), secret, "CLUSTER", "BUMPEPOCH");
    for (const [from, slots] of coming) await move(running, from, to, slots);
  }
}

/** Moves slots from one primary to another: at once where they are empty, else key by key. */
async function move(running: Running, from: Node, to: Node, slots: readonly number[]): Promise<void> {
  const { socket, secret } = running;
  const assign = (list: readonly number[]) => list.map((slot) => ["CLUSTER", "SETSLOT", String(slot), "NODE", to.id]);
  const given = await talk(socket(from), assign(slots), { password: secret });
  const full = slots.filter((_, i) => given[i] instanceof Error);
  const empty = slots.filter((_, i) => !(given[i] instanceof Error));
  throwOf(await talk(socket(to), assign(empty), { password: secret }));
  for (const slot of full) {
    await tell(socket(to), secret, "CLUSTER", "SETSLOT", String(slot), "IMPORTING", from.id);
    await tell(socket(from), secret, "CLUSTER", "SETSLOT", String(slot), "MIGRATING", to.id);
    for (;;) {
      const keys = (await tell(socket(from), secret, "CLUSTER", "GETKEYSINSLOT", String(slot), "100")) as string[];
      if (keys.length === 0) break;
      const where = [running.address, String(portOf(to)), "", "0", "10000", "AUTH", secret, "KEYS"];
      await tell(socket(from), secret, "MIGRATE", ...where, ...keys);
    }
    await tell(socket(to), secret, "CLUSTER", "SETSLOT", String(slot), "NODE", to.id);
    await tell(socket(from), secret, "CLUSTER", "SETSLOT", String(slot), "NODE", to.id);
  }
}

function throwOf(replies: readonly Reply[]): void {
  const refused = replies.find((reply) => reply instanceof Error);
  if (refused instanceof Error) throw refused;
}

/** The nodes that stay forget those that go. */
export async function forget({ nodes, socket, secret }: Running, gone: readonly Node[]): Promise<void> {
  for (const node of nodes) {
    await talk(
      socket(node),
      gone.map(({ id }) => ["CLUSTER", "FORGET", id]),
      { password: secret },
    );
  }
}

export async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + patienceMs;
  for (;;) {
    if (await holds().catch(() => false)) return;
    if (performance.now() > end) throw new Error("The nodes of the cluster did not agree in time.");
    await wait(50);
  }
}
