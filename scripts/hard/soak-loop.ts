import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type CloudProcess, startProcess } from "./cloud-process.ts";
import { createRandom } from "./random.ts";
import { type Actor, createCaller, project, Refused } from "./soak-actor.ts";
import { kmsActor, logsActor, registryActor, storageActor } from "./soak-data.ts";
import { auditActor, listedActor, policyActor, secretsActor } from "./soak-secrets.ts";

const apis = ["secretmanager", "cloudkms", "logging", "artifactregistry", "redis", "storage"];

const longestWriteMs = 10_000;

export interface SoakOptions {
  readonly dir: string;
  readonly seed: number;
  readonly kills: number;
  /** At most so many acknowledged writes between two kills; 220 by default. */
  readonly writes?: number;
  readonly say?: (line: string) => void;
}

export interface SoakReport {
  readonly problems: readonly string[];
  readonly kills: number;
  readonly acknowledged: Readonly<Record<string, number>>;
  /** From spawn to the answering cloud, in ms. */
  readonly restartMs: readonly number[];
}

/** Writes, kills, starts again and asks, as often as told; a last time it asks for everything, and stops the cloud in order. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { dir, seed, kills, writes = 220, say = () => undefined } = options;
  const random = createRandom(seed);
  const actors: readonly Actor[] = [
    ...["a", "b", "c"].map(secretsActor),
    policyActor(),
    auditActor(),
    logsActor(),
    kmsActor(),
    storageActor(),
    registryActor(),
    listedActor(),
  ];
  const problems: string[] = [];
  const restartMs: number[] = [];
  let cloud = await startProcess(dir, ["--offline"]);
  try {
    // The first cloud's token must hold to the end.
    const { token } = cloud;
    const first = createCaller(cloud, token);
    const enable = `/serviceusage.googleapis.com/v1/projects/${project}/services:batchEnable`;
    await first.ok("POST", enable, { serviceIds: apis.map((api) => `${api}.googleapis.com`) });
    const hasRedis = await startRedis(first);
    for (let kill = 1; kill <= kills; kill++) {
      problems.push(...(await writeAndKill(cloud, token, actors, random.int(2 ** 31), 20 + random.int(writes - 20))));
      cloud = await startProcess(dir, ["--offline"]);
      restartMs.push(cloud.startedMs);
      const found = await ask(cloud, token, actors, kill === kills);
      const children = processesOf(dir).filter((pid) => pid !== cloud.pid);
      if (hasRedis && children.length > 1) found.push(`${children.length} processes beside the cloud: ${children}`);
      problems.push(...found.map((problem) => `after kill ${kill}: ${problem}`));
      say(`kill ${kill} of ${kills}: back in ${cloud.startedMs.toFixed(0)} ms, ${found.length} problems`);
      for (const problem of found) say(`  ${problem}`);
    }
  } finally {
    await cloud.kill("SIGTERM");
  }
  const left = processesOf(dir);
  if (left.length > 0) problems.push(`processes left after the stop: ${left}`);
  const acknowledged = Object.fromEntries(actors.map((actor) => [actor.name, actor.acknowledged]));
  return { problems, kills, acknowledged, restartMs };
}

/** One Memorystore instance, whose server is a child that a kill orphans; false where there is no redis-server. */
async function startRedis({ call }: ReturnType<typeof createCaller>): Promise<boolean> {
  const parent = `/redis.googleapis.com/v1/projects/${project}/locations/us-central1/instances`;
  const answer = await call("POST", `${parent}?instanceId=soak`, { tier: "BASIC", memorySizeGb: 1 });
  return answer.status === 200;
}

async function writeAndKill(
  cloud: CloudProcess,
  token: string,
  actors: readonly Actor[],
  seed: number,
  writes: number,
): Promise<string[]> {
  const caller = createCaller(cloud, token);
  const problems: string[] = [];
  let isKilled = false;
  const write = async (actor: Actor, number: number): Promise<void> => {
    const random = createRandom(seed + number);
    while (!isKilled) {
      try {
        await actor.step(caller, random);
      } catch (thrown) {
        if (!isKilled || thrown instanceof Refused) problems.push(`${actor.name}: ${String(thrown)}`);
        if (!(thrown instanceof Refused)) return;
      }
    }
  };
  const writing = actors.map(write);
  // Killed after so many writes, not so much time: a busy machine is not given less to lose.
  const total = (): number => actors.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  const [enough, until] = [total() + writes, performance.now() + longestWriteMs];
  while (total() < enough && performance.now() < until) await sleep(1);
  isKilled = true;
  await cloud.kill("SIGKILL");
  await Promise.all(writing);
  return problems;
}

async function ask(cloud: CloudProcess, token: string, actors: readonly Actor[], all: boolean): Promise<string[]> {
  const caller = createCaller(cloud, token);
  const found: string[] = [];
  for (const actor of actors) {
    try {
      found.push(...(await actor.check(caller, all)));
    } catch (thrown) {
      found.push(`${actor.name}: ${String(thrown)}`);
    }
  }
  found.push(...cloud.log.filter((line) => line.includes("bug:")));
  return found;
}

/** Processes whose command line or working folder is of this state folder. */
function processesOf(dir: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, "utf8").includes(dir);
      } catch {
        return false;
      }
    })
    .map(Number);
}
