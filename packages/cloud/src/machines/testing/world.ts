import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createClock, type MovableClock } from "@aloft/kit/clock";
import { randomIds } from "@aloft/kit/ids";
import type { LogEntry } from "../../host.ts";
import { createProcesses } from "../../processes.ts";
import { createDatabase } from "../../store/database.ts";
import { cloneTree } from "../images/tree.ts";
import { createLocalPorts, createMachines, type DataPlane } from "../index.ts";
import type { ContainerSpec, RevisionSpec, ServedService } from "../machines.ts";
import { createNetwork } from "../network.ts";
import type { MachinesPorts } from "../ports.ts";
import { type FileRegistry, fileRegistry, nodeLayer } from "./registry.ts";
import { server } from "./server.ts";

export interface World extends AsyncDisposable {
  readonly machines: DataPlane;
  readonly registry: FileRegistry;
  readonly clock: MovableClock;
  readonly logs: readonly LogEntry[];
  readonly secrets: Map<string, string>;
  readonly ports: MachinesPorts;
  /** The image with `server`. */
  readonly image: string;
  spec(name: string, container?: Partial<ContainerSpec>, rest?: Partial<RevisionSpec>): RevisionSpec;
  served(traffic: ServedService["traffic"], rest?: Partial<ServedService>): ServedService;
}

export const serviceName = "projects/demo/locations/us-central1/services/api";
export const serviceHost = "api-123456789012.us-central1.run.app";

/** Machines over real processes and a real database, with a registry of files and a clock that stands still. */
export async function world(
  overrides: Partial<MachinesPorts> & {
    readonly isolation?: "plain" | "copy";
    readonly database?: string;
    readonly home?: string;
  } = {},
): Promise<World> {
  const { dir: blobs, layer, roots, room } = await nodeLayer();
  const dir = overrides.home ?? mkdtempSync(join(room, "world-"));
  const registry = fileRegistry(join(dir, "blobs"), blobs);
  const app = await registry.layer([{ name: "app/server.cjs", text: server }]);
  const image = registry.image([layer, app], {
    Env: ["FROM_IMAGE=yes", "FACE=image"],
    Entrypoint: ["node"],
    Cmd: ["/app/server.cjs"],
    WorkingDir: "/app",
  });
  const clock = createClock({ frozenAt: Date.UTC(2026, 0, 1) });
  const db = createDatabase({ file: overrides.database });
  const logs: LogEntry[] = [];
  const secrets = new Map<string, string>();
  const { isolation, database: _, home: __, ...given } = overrides;
  const ports: MachinesPorts = {
    clock,
    ids: randomIds,
    registry,
    secrets: async (name) => Buffer.from(secrets.get(name) ?? ""),
    tokens: {
      access: ({ principal }) => ({ token: `ya29.${principal.email}`, expiresAtMs: clock.now() + 3_600_000 }),
      id: async ({ principal, audience }) => `id.${principal.email}.${audience}`,
      verifyId: async () => ({ invalid: "none is known" }),
    },
    iam: { allowed: () => false },
    logs: { write: (entry) => logs.push(entry) },
    processes: createProcesses(db),
    network: createNetwork({ clock, note: () => undefined }),
    localPorts: createLocalPorts(db),
    dir: join(dir, "machines"),
    note: () => undefined,
    ...given,
  };
  mkdirSync(ports.dir, { recursive: true });
  if (given.dir === undefined) await cloneTree(roots, join(ports.dir, "roots"), "link");
  const machines = createMachines(ports, isolation === undefined ? {} : { isolation });
  return {
    machines,
    registry,
    clock,
    logs,
    secrets,
    ports,
    image,
    spec: (name, container = {}, rest = {}) => ({
      name: `${serviceName}/revisions/${name}`,
      project: "demo",
      projectNumber: "123456789012",
      region: "us-central1",
      service: "api",
      revision: name,
      serviceAccount: "api@demo.iam.gserviceaccount.com",
      timeoutS: 300,
      concurrency: 80,
      minInstances: 0,
      maxInstances: 3,
      sessionAffinity: false,
      containers: [
        {
          name: "api-1",
          image,
          command: [],
          args: [],
          env: [],
          port: { name: "http1", containerPort: 8080 },
          cpu: 1,
          memoryMiB: 512,
          cpuIdle: false,
          dependsOn: [],
          ...container,
        },
      ],
      ...rest,
    }),
    served: (traffic, rest = {}) => ({
      name: serviceName,
      hosts: [serviceHost],
      traffic,
      invokerIamDisabled: true,
      ingress: "all",
      minInstances: 0,
      audiences: [],
      ...rest,
    }),
    [Symbol.asyncDispose]: async () => {
      await machines.close();
      db.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A request that is under way until it is released, whatever the machine's load. */
export interface Held {
  readonly answered: Promise<Response>;
  release(): void;
}

/** Sends a request whose body does not end, to `server`'s echo. */
export function hold(url: string): Held {
  let end = (): void => undefined;
  const body = new ReadableStream({
    start: (controller) => {
      controller.enqueue(new Uint8Array(1));
      end = () => controller.close();
    },
  });
  const init = { method: "POST", body, duplex: "half" } as RequestInit;
  return { answered: fetch(`${url}/echo`, init), release: () => end() };
}

/** Moves the clock by so much, again and again, until the work is done: its timers may be set late. */
export async function advanceUntil<T>(clock: MovableClock, ms: number, work: Promise<T>): Promise<T> {
  let done = false;
  const finished = work.finally(() => {
    done = true;
  });
  finished.catch(() => undefined);
  while (!done) {
    clock.advance(ms);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return finished;
}

/** Waits until `look` answers something, looking every few milliseconds; fails after `withinMs`. */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 20_000,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > end) throw new Error(`not seen within ${withinMs} ms: ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
