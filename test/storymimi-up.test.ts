import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { ServicesClient } from "@google-cloud/run";
import { SecretManagerServiceClient } from "@google-cloud/secret-manager";
import { credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, has, processArguments, root, type User, userAt } from "./user.ts";

const folder = join(root, "examples/storymimi");
const project = "storymimi-local";
const canary = "canary-7f3a9c5e1b-gemini";

interface Plan {
  readonly steps: readonly {
    readonly address: string;
    readonly action: string;
    readonly reasons: readonly string[];
    readonly effect?: string;
  }[];
}
interface Status {
  readonly resources: readonly {
    readonly address: string;
    readonly state: string;
    readonly revision?: string;
    readonly url?: string;
    readonly localUrl?: string;
  }[];
}

/** What a user sees of one deployed app, from nothing to a changed secret and a killed cloud. Each test goes on where the last ended. */
describe.skipIf(!has("redis-server"))("storymimi: up on a local cloud", () => {
  let user: User;
  let api = "";
  let worker = "";

  beforeAll(async () => {
    user = await userAt(folder);
    await user.aloft(["cloud", "start"]);
  });
  afterAll(() => user[Symbol.asyncDispose]());

  const token = async (...args: string[]): Promise<string> =>
    (await user.aloft(["cloud", "token", ...args])).stdout.trim();
  const tell = async (topic: string): Promise<{ title: string; text: string }> => {
    const posted = await fetch(`${api}/stories`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ topic }),
    });
    expect(posted.status).toBe(202);
    const { id } = (await posted.json()) as { id: string };
    return eventually(20_000, async () => {
      const story = (await (await fetch(`${api}/stories/${id}`)).json()) as {
        result?: { title: string; text: string };
      };
      return story.result;
    });
  };

  test("plan: names every secret without a value, with its command, shows the rest, and exits 1", async () => {
    const { code, stdout, stderr } = await user.aloft(["plan"]);
    expect(code).toBe(1);
    for (const name of Object.keys(parseEnv(readFileSync(join(folder, ".env.example"), "utf8")))) {
      expect(stdout + stderr).toContain(`aloft secrets set ${name}`);
    }
    expect(stdout).toContain("service api");
  });

  test("up: from the file to running processes, and the second time there is nothing to do", async () => {
    expect((await user.aloft(["secrets", "import", ".env.example"])).code).toBe(0);
    const first = await user.aloft(["up", "--yes"]);
    expect(first.code, first.stderr).toBe(0);
    const second = await user.aloft(["plan", "--exit-code"]);
    expect(second.code, second.stdout).toBe(0);

    const { resources } = await user.json<Status>("status");
    expect(resources.filter(({ state }) => state !== "ready")).toEqual([]);
    api = resources.find(({ address }) => address === "service/api")?.localUrl ?? "";
    worker = resources.find(({ address }) => address === "service/worker")?.localUrl ?? "";
    expect(api).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  }, 120_000);

  test("a story is told: accepted, queued, done by the worker", async () => {
    const story = await tell("a lighthouse that is afraid of the dark");
    expect(story.text).toContain("lighthouse");
  });

  test("the worker is private: 403 without a token, its health with one", async () => {
    expect((await fetch(`${worker}/health`)).status).toBe(403);
    const { resources } = await user.json<Status>("status");
    const url = resources.find(({ address }) => address === "service/worker")?.url ?? "";
    expect((await fetch(`${worker}/health`, { headers: { authorization: "Bearer nonsense" } })).status).toBe(401);
    const account = `storymimi-worker@${project}.iam.gserviceaccount.com`;
    const stranger = await token("--as", account, "--audience", url);
    expect((await fetch(`${worker}/health`, { headers: { authorization: `Bearer ${stranger}` } })).status).toBe(403);
    const owner = await token("--audience", url);
    expect((await fetch(`${worker}/health`, { headers: { authorization: `Bearer ${owner}` } })).status).toBe(200);
  });

  test("plain HTTP by the path prefix and Google's own clients over gRPC read what up made", async () => {
    const bearer = await token();
    const name = `projects/${project}/locations/us-central1/services/storymimi-api`;
    const answer = await fetch(`${user.origin}/run.googleapis.com/v2/${name}`, {
      headers: { authorization: `Bearer ${bearer}` },
    });
    const service = (await answer.json()) as { terminalCondition: { state: string }; uri: string };
    expect(service.terminalCondition.state).toBe("CONDITION_SUCCEEDED");

    const options = {
      servicePath: "127.0.0.1",
      port: Number(new URL(user.origin).port),
      sslCreds: credentials.createInsecure(),
      projectId: project,
    };
    const otherArgs = { headers: { authorization: `Bearer ${bearer}` } };
    const run = new ServicesClient(options);
    const [seen] = await run.getService({ name }, { otherArgs });
    expect(seen.uri).toBe(service.uri);
    expect(seen.template?.containers?.[0]?.resources?.cpuIdle).toBe(true);
    await run.close();

    const secrets = new SecretManagerServiceClient(options);
    const [list] = await secrets.listSecrets({ parent: `projects/${project}` }, { otherArgs, autoPaginate: false });
    expect(list.map((secret) => secret.name?.split("/").at(-1))).toContain("GEMINI_API_KEY");
    await secrets.close();
  });

  test("a new secret value: the plan shows it for exactly its users, and after up the API has it", async () => {
    expect((await user.aloft(["secrets", "set", "GEMINI_API_KEY"], canary)).code).toBe(0);
    const { steps } = await user.json<Plan>("plan");
    const changed = steps.filter(({ action }) => action !== "none");
    expect(changed.map(({ address }) => address).sort()).toEqual(["service/api", "service/worker"]);
    for (const step of changed) {
      expect(step.effect).toBe("new revision");
      expect(step.reasons).toEqual(["GEMINI_API_KEY 1 → 2"]);
    }
    const up = await user.aloft(["up", "--yes"]);
    expect(up.code, up.stderr).toBe(0);
    const settings = (await (await fetch(`${api}/diagnostics/settings`)).json()) as { secrets: Record<string, string> };
    expect(createHash("sha256").update(canary).digest("hex")).toContain(
      settings.secrets.GEMINI_API_KEY?.replace(/^sha256:/, ""),
    );
  }, 60_000);

  test("doctor: Redis answers, the queue answers, a dispatched job is run", async () => {
    const { code, stdout } = await user.aloft(["doctor", "--only", "redis"]);
    expect(code, stdout).toBe(0);
    for (const proof of ["PONG", "the queue answers", "was run"]) expect(stdout).toContain(proof);
  });

  test("kill -9 of the cloud: started again, everything answers and nothing is lost", async () => {
    process.kill(user.cloudPid(), "SIGKILL");
    await eventually(5000, async () =>
      (await fetch(`${user.origin}/`).catch(() => undefined)) === undefined ? true : undefined,
    );
    expect((await user.aloft(["cloud", "start"])).code).toBe(0);
    await eventually(15_000, async () => ((await fetch(`${api}/health`)).status === 200 ? true : undefined));
    const after = await user.aloft(["plan", "--exit-code"]);
    expect(after.code, after.stdout).toBe(0);
    expect((await tell("a fox who collects echoes")).text).toContain("fox");
    expect((await user.aloft(["secrets", "get", "GEMINI_API_KEY"])).stdout.trim()).toBe(canary);
    user.printed.length -= 2; // what was asked for
  }, 60_000);

  test("no secret value anywhere: not printed, not in state, not in arguments, not in logs", async () => {
    const logs = await user.aloft(["logs", "--limit", "1000"]);
    expect(logs.code).toBe(0);
    const encoded = Buffer.from(canary).toString("base64").replace(/=+$/, "").slice(0, -2);
    const files = user.stateFiles();
    expect(files.length).toBeGreaterThan(3);
    for (const needle of [canary, encoded]) {
      expect(user.printed.join("\n").includes(needle), "in what was printed").toBe(false);
      expect(processArguments().includes(needle), "in a process's arguments").toBe(false);
      for (const { file, bytes } of files) expect(bytes.includes(needle), file).toBe(false);
    }
  });

  test("down: says what goes and what Google keeps, wants the app's name for data, and leaves no process", async () => {
    expect((await user.aloft(["down", "--yes"])).code).toBe(1);
    const dry = await user.aloft(["down", "--dry-run", "--json"]);
    const { held } = JSON.parse(dry.stdout.trimEnd().split("\n").at(-1) ?? "") as {
      held: { address: string; until: string; next?: string }[];
    };
    const keeps = (kind: string) => held.filter(({ address }) => address.startsWith(`${kind}/`));
    expect([keeps("service-account").length, keeps("service").length]).toEqual([2, 2]);
    const { code, stdout, stderr } = await user.aloft(["down", "--yes", "--confirm", "storymimi"]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/Google keeps:\n.*service-account storymimi-api {2}until 20\d\d-\d\d-\d\d \d\d:\d\d UTC: /s);
    for (const { next } of keeps("service-account")) expect(stdout).toContain(`→ ${next}`);
    await expect(fetch(`${api}/health`)).rejects.toThrow();
    const { resources } = await user.json<Status>("status");
    expect(resources.filter(({ state }) => state === "ready")).toEqual([]);
  }, 60_000);
});
