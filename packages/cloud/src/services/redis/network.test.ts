import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../../cloud.ts";
import { networkOf } from "../../machines/network.ts";
import { serviceName, until, type World, world } from "../../machines/testing/world.ts";
import { redis } from "./index.ts";
import { ask } from "./resp.ts";
import { program } from "./server.ts";

const installed = spawnSync(program, ["--version"]).status === 0;
const run = installed ? test : test.skip;
const name = "projects/demo/locations/us-central1/instances/queue";
const network = "projects/demo/global/networks/default";
let cloud: Cloud;
let w: World;

beforeAll(async () => {
  cloud = await startCloud({ services: [redis], projects: { demo: 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "redis.googleapis.com", true);
  w = await world({ network: networkOf(cloud.host), clock: cloud.clock });
});
afterAll(async () => {
  await w[Symbol.asyncDispose]();
  await cloud.close();
});

/** What an instance of a revision that is so gets from Redis. */
async function pinged(revision: string, at: { readonly host: string }, rest: object): Promise<string> {
  const spec = w.spec(revision, {}, rest);
  if (w.machines.state(spec.name) === undefined) await w.machines.start(spec);
  w.machines.serve(w.served([{ revision: spec.name, percent: 100 }]));
  const url = await until(() => w.machines.localUrl(serviceName));
  return (await fetch(`${url}/ping?host=${at.host}&port=6379`)).text();
}
const warnings = (revision: string) =>
  w.logs.filter(
    ({ severity, resource, textPayload }) =>
      severity === "WARNING" && resource.labels.revision_name === revision && textPayload?.includes("refused"),
  );

run(
  "redis: reached with VPC egress to its network from its region; else refused, and the revision's logs say why",
  async () => {
    const answer = await fetch(`${cloud.url}/redis.googleapis.com/v1/${name.replace("/queue", "")}?instanceId=queue`, {
      method: "POST",
      headers: { authorization: `Bearer ${cloud.token()}`, "content-type": "application/json" },
      body: JSON.stringify({ tier: "BASIC", memorySizeGb: 1, authorizedNetwork: network }),
    });
    await cloud.host.operations.done(((await answer.json()) as { name: string }).name);
    const row = cloud.host.db.prepare("SELECT host FROM redis_servers").get();
    const at = { host: String(row?.host), port: 6379 };

    expect(await pinged("inside", at, { vpcNetwork: network })).toBe("+PONG");
    expect(await pinged("without", at, {})).toBe("ECONNRESET");
    expect(await pinged("elsewhere", at, { vpcNetwork: "projects/demo/global/networks/other" })).toBe("ECONNRESET");
    expect(await pinged("abroad", at, { vpcNetwork: network, region: "europe-west1" })).toBe("ECONNRESET");
    expect(await ask(at, ["PING"])).toBe("PONG");

    expect(await pinged("without", at, {})).toBe("ECONNRESET");
    expect(warnings("without")).toHaveLength(1);
    expect(warnings("without").at(-1)).toMatchObject({
      logName: "projects/demo/logs/run.googleapis.com%2Fvarlog%2Fsystem",
      textPayload: `Connection to Redis ${name} at ${at.host}:6379 refused: the revision has no VPC egress; it needs Direct VPC egress to ${network}.`,
    });
    expect(warnings("abroad").at(-1)?.textPayload).toContain("only revisions in us-central1 reach it");
    expect(warnings("inside")).toEqual([]);
  },
);
