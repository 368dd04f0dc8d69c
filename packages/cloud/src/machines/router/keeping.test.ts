import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serviceName, until, type World, world } from "../testing/world.ts";

let w: World;
let url: string;
beforeAll(async () => {
  w = await world();
  await serve("kept", { cpuIdle: false });
  url = await until(() => w.machines.localUrl(serviceName));
});
afterAll(() => w[Symbol.asyncDispose]());

async function serve(name: string, container: object): Promise<void> {
  const spec = w.spec(name, container);
  await w.machines.start(spec);
  w.machines.serve(w.served([{ revision: spec.name, percent: 100 }]));
}

const from = async (path: string, init: RequestInit = {}): Promise<number> => {
  const answer = await fetch(`${url}${path}`, init);
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { from: number }).from;
};

describe("connections to the program", () => {
  test("kept for the next request that changes nothing, one of its own for each that may", async () => {
    // It is kept for a second, which a busy machine may take for a request.
    const first = await until(async () => {
      const one = await from("/");
      return one === (await from("/")) && one;
    });
    const post = { method: "POST", body: "x" };
    const [one, two] = [await from("/", post), await from("/", post)];
    expect(new Set([first, one, two]).size).toBe(3);
  });

  test("found broken: the request is sent again over a new one", async () => {
    const first = await from("/once");
    const second = await from("/once");
    expect(second).not.toBe(first);
    const requests = w.logs.filter(({ httpRequest }) => String(httpRequest?.requestUrl).endsWith("/once"));
    expect(requests.map(({ httpRequest }) => httpRequest?.status)).toEqual([200, 200]);
  });

  test("none is kept while the program has no CPU", async () => {
    await serve("idle", { cpuIdle: true });
    const first = await from("/");
    await until(() => w.machines.state(w.spec("idle").name)?.instances[0]?.phase === "idle");
    expect(await from("/")).not.toBe(first);
  });
});
