import type { Address } from "../app/graph.ts";

interface Node {
  readonly address: Address;
  readonly needs: readonly Address[];
}

/** The same nodes in an order in which each comes after what it needs; otherwise as they were. Throws on a circle (a bug). */
export function ordered<T extends Node>(nodes: readonly T[]): readonly T[] {
  const byAddress = new Map(nodes.map((node) => [node.address, node]));
  const placed: T[] = [];
  const state = new Map<Address, "open" | "placed">();
  const visit = (node: T): void => {
    if (state.get(node.address) === "placed") return;
    if (state.get(node.address) === "open") throw new Error(`${node.address} needs itself`);
    state.set(node.address, "open");
    for (const need of node.needs) {
      const found = byAddress.get(need);
      if (found !== undefined) visit(found);
    }
    state.set(node.address, "placed");
    placed.push(node);
  };
  for (const node of nodes) visit(node);
  return placed;
}

/** Those that `only` names (by address, name or kind) with all that they need, however far. */
export function selected<T extends Node & { readonly kind: string }>(
  nodes: readonly T[],
  only: readonly string[],
): readonly T[] {
  const byAddress = new Map(nodes.map((node) => [node.address, node]));
  const chosen = new Set<Address>();
  const choose = (address: Address): void => {
    if (chosen.has(address)) return;
    chosen.add(address);
    for (const need of byAddress.get(address)?.needs ?? []) choose(need);
  };
  for (const node of nodes) if (only.some((word) => names(node, word))) choose(node.address);
  return nodes.filter(({ address }) => chosen.has(address));
}

/** Whether a word of `--only` names the resource. */
export function names({ address, kind }: { readonly address: Address; readonly kind: string }, word: string): boolean {
  return address === word || kind === word || address.slice(kind.length + 1) === word;
}
