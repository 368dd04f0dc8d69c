import { type ClientHttp2Session, connect } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import type { CloudProcess } from "./cloud-process.ts";
import type { Attack, AttackContext } from "./fuzz-attack.ts";
import { grpcCalls, restCalls } from "./fuzz-calls.ts";
import type { Catalog } from "./fuzz-catalog.ts";
import { bytes, connects, http1 } from "./fuzz-raw.ts";
import { createRandom } from "./random.ts";

const attacks: readonly Attack[] = [grpcCalls, restCalls, bytes, http1, connects];
const attemptsPerProject = 400;
const healthEveryMs = 1000;
const healthMs = 3000;
/** What may be held beyond what the cloud held once it was warm. */
const leakMiB = 150;

export interface FuzzOptions {
  readonly seed: number;
  readonly ms: number;
  /** How many attack at once. */
  readonly lanes: number;
  readonly say?: (line: string) => void;
}

export interface FuzzReport {
  readonly attempts: Readonly<Record<string, number>>;
  readonly defects: readonly string[];
  readonly memoryMiB: { readonly warm: number; readonly most: number; readonly last: number };
}

/** Attacks a running cloud for a time. What it finds wrong is in the report; it throws for nothing but its own faults. */
export async function fuzz(cloud: CloudProcess, catalog: Catalog, options: FuzzOptions): Promise<FuzzReport> {
  const { seed, ms, lanes, say = () => undefined } = options;
  const until = performance.now() + ms;
  const attempts: Record<string, number> = {};
  const defects = new Map<string, string>();
  const recent: string[] = [];
  const found = (what: string, did: string): void => {
    const key = placeIn(what) ?? what.replace(/\d+/g, "0").slice(0, 120);
    if (defects.has(key)) return;
    defects.set(key, `${what}\n    after ${did}`);
    say(`DEFECT ${what}\n    after ${did}`);
  };
  let seen = 0;
  const bugs = (): void => {
    for (; seen < cloud.log.length; seen++) {
      const line = cloud.log[seen] ?? "";
      if (!line.includes("[cloud] bug:") && !/unhandled|FATAL/i.test(line)) continue;
      found([line, ...cloud.log.slice(seen + 1, seen + 8)].join("\n      "), recent.slice(-4).join("\n    "));
    }
  };

  let project = "";
  let used = attemptsPerProject;
  const fresh = createRandom(seed);
  const nextProject = async (): Promise<void> => {
    used = 0;
    project = `fuzz-${fresh.word(8)}`;
    await enableAll(cloud, catalog, project);
  };
  await enableAll(cloud, catalog, "steady-project");
  await nextProject();

  const lane = async (number: number): Promise<void> => {
    const random = createRandom(seed * 1000 + number);
    let session: ClientHttp2Session | undefined;
    const context: AttackContext = {
      random,
      catalog,
      port: cloud.port,
      token: cloud.token,
      get project() {
        return project;
      },
      session: () => {
        if (session === undefined || session.closed || session.destroyed) {
          session = connect(cloud.url);
          session.on("error", () => undefined);
        }
        return session;
      },
    };
    const lots = attacks.flatMap((attack) => Array.from({ length: attack.weight }, () => attack));
    while (performance.now() < until && cloud.exit() === undefined) {
      const attack = random.pick(lots);
      if (++used > attemptsPerProject) await nextProject();
      const { did, defect } = await attack.run(context);
      attempts[attack.name] = (attempts[attack.name] ?? 0) + 1;
      recent.push(`${attack.name}: ${did}`);
      if (recent.length > 50) recent.shift();
      if (cloud.exit() !== undefined) break;
      if (defect !== undefined) found(`${attack.name}: ${defect}`, did);
      bugs();
    }
    session?.destroy();
  };

  let warm = 0;
  let most = 0;
  const watch = async (): Promise<void> => {
    const began = performance.now();
    while (performance.now() < until && cloud.exit() === undefined) {
      const wrong = await health(cloud);
      if (wrong !== undefined && cloud.exit() === undefined) found(`health: ${wrong}`, recent.slice(-8).join("\n    "));
      if (cloud.exit() !== undefined) break;
      const now = cloud.residentMiB();
      most = Math.max(most, now);
      if (performance.now() - began < ms * 0.3) warm = Math.max(warm, now);
      await sleep(Math.min(healthEveryMs, ms / 5));
    }
  };
  await Promise.all([watch(), ...Array.from({ length: lanes }, (_, number) => lane(number))]);
  bugs();
  const exit = cloud.exit();
  if (exit !== undefined) {
    found(`the cloud ended (${exit}): ${cloud.log.slice(-10).join("\n      ")}`, recent.slice(-20).join("\n    "));
    return { attempts, defects: [...defects.values()], memoryMiB: { warm, most, last: 0 } };
  }
  const last = cloud.residentMiB();
  if (last > warm + leakMiB)
    found(`memory: ${warm.toFixed(0)} MiB when warm, ${last.toFixed(0)} MiB at the end`, "all of it");
  return { attempts, defects: [...defects.values()], memoryMiB: { warm, most, last } };
}

/** Where a bug was thrown, so that it is told once, whatever its message says. */
const placeIn = (trace: string): string | undefined => /^\s+at .*packages\/.*$/m.exec(trace)?.[0].trim();

async function enableAll(cloud: CloudProcess, catalog: Catalog, project: string): Promise<void> {
  const answer = await fetch(`${cloud.url}/serviceusage.googleapis.com/v1/projects/${project}/services:batchEnable`, {
    method: "POST",
    headers: { authorization: `Bearer ${cloud.token}`, "content-type": "application/json" },
    body: JSON.stringify({ serviceIds: catalog.apis.filter((api) => api.endsWith(".googleapis.com")) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`enabling the APIs in ${project}: ${answer.status} ${text}`);
}

/** An ordinary call, which must be answered as if nothing else were going on; what was wrong with it otherwise. */
async function health(cloud: CloudProcess): Promise<string | undefined> {
  try {
    const answer = await fetch(`${cloud.url}/secretmanager.googleapis.com/v1/projects/steady-project/secrets`, {
      headers: { authorization: `Bearer ${cloud.token}` },
      signal: AbortSignal.timeout(healthMs),
    });
    const text = await answer.text();
    return answer.status === 200 ? undefined : `${answer.status} ${text}`;
  } catch (thrown) {
    return `no answer within ${healthMs} ms (${thrown instanceof Error ? thrown.message : thrown})`;
  }
}
