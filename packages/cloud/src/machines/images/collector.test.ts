import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeLayer } from "../testing/registry.ts";
import { serviceName, until, type World, world } from "../testing/world.ts";

let w: World;
beforeAll(async () => {
  w = await world();
});
afterAll(() => w[Symbol.asyncDispose]());

test("unpacked images: what an earlier cloud left and what no revision runs any more goes, what one runs stays", async () => {
  const roots = (): number => readdirSync(join(w.ports.dir, "roots")).filter((name) => !name.startsWith(".")).length;
  mkdirSync(join(w.ports.dir, "roots", "left-by-an-earlier-cloud"));
  const app = await w.registry.layer([{ name: "else", text: "else" }]);
  const image = w.registry.image([(await nodeLayer()).layer, app], {
    Cmd: ["node", "-e", "require('http').createServer().listen(Number(process.env.PORT))"],
  });
  const kept = w.spec("kept");
  const other = w.spec("other", { image });
  await w.machines.start(kept);
  expect(roots()).toBe(3);
  w.clock.advance(60_000);
  await until(() => roots() === 2);

  expect((await w.machines.start(other)).phase).toBe("ready");
  expect(roots()).toBe(3);
  w.clock.advance(60_000);
  await w.machines.stop(other.name);
  expect(roots()).toBe(3);
  w.clock.advance(60_000);
  await until(() => roots() === 2);

  w.machines.serve(w.served([{ revision: kept.name, percent: 100 }]));
  const url = await until(() => w.machines.localUrl(serviceName));
  expect((await fetch(url)).status).toBe(200);
});
