import { afterAll, beforeAll, expect, test } from "vitest";
import type { InstanceState } from "../machines.ts";
import { serviceName, until, type World, world } from "../testing/world.ts";

const minute = 60_000;
let w: World;
const lives: string[] = [];
beforeAll(async () => {
  const instanceLifeMs = (service: string): number => {
    lives.push(service);
    return 30 * minute;
  };
  w = await world({ instanceLifeMs });
});
afterAll(() => w[Symbol.asyncDispose]());

test("an instance whose time is over is replaced: what it has is finished, and another takes what comes", async () => {
  const spec = w.spec("old", {}, { minInstances: 1, timeoutS: 3600 });
  const instances = (): readonly InstanceState[] => w.machines.state(spec.name)?.instances ?? [];
  await w.machines.start(spec);
  w.machines.serve(w.served([{ revision: spec.name, percent: 100 }]));
  const url = await until(() => w.machines.localUrl(serviceName));
  const [first] = instances();
  const under = fetch(`${url}/?ms=300`);
  await until(() => instances()[0]?.requests === 1);
  w.clock.advance(30 * minute);
  const next = await until(() => instances().find(({ id, phase }) => id !== first?.id && phase === "running"), 20_000);
  expect((await under).status).toBe(200);
  await until(() => !instances().some(({ id }) => id === first?.id), 20_000);
  expect(((await (await fetch(url)).json()) as { pid: number }).pid).not.toBe(first?.pid);
  expect(instances().map(({ id }) => id)).toEqual([next.id]);
  expect(lives).toEqual([serviceName, serviceName]);
  expect(w.machines.state(spec.name)?.phase).toBe("ready");
});
