import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, has, root, type User, userAt } from "./user.ts";

/** A minute of the cloud's is a second here. */
const rate = 60;

interface Status {
  readonly resources: readonly { readonly address: string; readonly state: string; readonly localUrl?: string }[];
}

/** The first deployment to a project of a new organisation, with all the waiting that Google has for it, on a fast clock. */
describe.skipIf(!has("redis-server"))("storymimi: rehearsed as at Google", () => {
  let user: User;
  beforeAll(async () => {
    user = await userAt(join(root, "examples/storymimi"));
    const flags = ["--like-google", "--preset", "org", "--clock-rate", String(rate), "--seed", "patience"];
    expect((await user.aloft(["cloud", "start", ...flags])).code).toBe(0);
  });
  afterAll(() => user[Symbol.asyncDispose]());

  test("up waits for what comes late, and says for what; after it there is nothing to do", async () => {
    expect((await user.aloft(["secrets", "import", ".env.example"])).code).toBe(0);
    const up = await user.aloft(["up", "--yes"]);
    expect(up.code, up.stderr).toBe(0);
    expect(up.stderr).toContain("waiting for IAM");
    const plan = await user.aloft(["plan", "--exit-code"]);
    expect(plan.code, plan.stdout).toBe(0);
    const { resources } = await user.json<Status>("status");
    expect(resources.filter(({ state }) => state !== "ready")).toEqual([]);
  }, 120_000);

  test("a changed secret is deployed, and instances that Google ends are replaced meanwhile", async () => {
    const { resources } = await user.json<Status>("status");
    const api = resources.find(({ address }) => address === "service/api")?.localUrl ?? "";
    expect((await fetch(`${api}/health`)).status).toBe(200);
    // Six hours: more than an instance lives.
    expect((await user.aloft(["cloud", "clock", "--advance", "6h"])).code).toBe(0);
    await eventually(20_000, async () => ((await fetch(`${api}/health`)).status === 200 ? true : undefined));
    expect((await user.aloft(["secrets", "set", "GEMINI_API_KEY"], "a new value")).code).toBe(0);
    const up = await user.aloft(["up", "--yes"]);
    expect(up.code, up.stderr).toBe(0);
    expect((await user.aloft(["plan", "--exit-code"])).code).toBe(0);
  }, 120_000);

  test("down, and up again at once: what Google keeps for a while does not stand in the way", async () => {
    const down = await user.aloft(["down", "--yes", "--confirm", "storymimi"]);
    expect(down.code, down.stderr).toBe(0);
    expect((await user.aloft(["secrets", "import", ".env.example"])).code).toBe(0);
    const up = await user.aloft(["up", "--yes"]);
    expect(up.code, up.stderr).toBe(0);
    expect((await user.aloft(["plan", "--exit-code"])).code).toBe(0);
  }, 120_000);
});
