import type { ContainerSpec } from "../machines.ts";

/**
 * Starts each container as soon as those that it depends on have started. Names that no container has are passed over;
 * containers that depend on each other in a circle are started at once.
 */
export async function startInOrder(
  containers: readonly ContainerSpec[],
  start: (container: ContainerSpec) => Promise<void>,
): Promise<void> {
  const started = new Map<string, Promise<void>>();
  for (let left = containers; left.length > 0; left = left.filter(({ name }) => !started.has(name))) {
    const waits = (name: string): boolean => left.some((other) => other.name === name);
    const free = left.filter(({ dependsOn }) => !dependsOn.some(waits));
    for (const container of free.length > 0 ? free : left) {
      const needs = container.dependsOn.map((name) => started.get(name));
      started.set(
        container.name,
        Promise.all(needs).then(() => start(container)),
      );
    }
  }
  await Promise.all(started.values());
}
