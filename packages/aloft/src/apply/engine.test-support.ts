import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { connect, type Google } from "@aloft/google";
import { type Clock, createClock } from "@aloft/kit/clock";
import type { Builder } from "../app/app.ts";
import { defineApp } from "../app/define.ts";
import { graphOf } from "../app/evaluate.ts";
import type { Graph } from "../app/graph.ts";
import type { ApplyEvent, Plan } from "../plan/plan.ts";

/** One request as the engine sent it to an API. */
export interface Sent {
  readonly verb: string;
  /** `run.googleapis.com/v2/projects/…`, without its query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export interface Rig extends AsyncDisposable {
  /** A user's folder, with the state of its cloud. */
  readonly folder: string;
  readonly google: Google;
  readonly sent: Sent[];
  /** The engine's, as fast as the cloud's. */
  readonly clock: Clock;
  /** A connection that knows nothing of what the others did: another run of the program. */
  reconnect(): Google;
  /** The same owner by hand: what this one sends is not remembered. */
  readonly byHand: Google;
  /** The same cloud with the identity of a service account. */
  as(email: string): Promise<Google>;
  graph(build: (builder: Builder) => unknown): Graph;
  /** A file in the user's folder. */
  write(name: string, text: string): void;
  /** Makes calls fail on purpose. */
  fault(fault: object): Promise<void>;
  /** Gives a secret a version, as a person would before `up`. */
  setSecret(id: string, value: string, inProject?: string): Promise<void>;
}

/** The project of the app `rig`. */
export const project = "rig-local";

export interface RigOptions {
  /** Of the local cloud. */
  readonly flags?: readonly string[];
  /** How fast the cloud's time runs, and the engine's. */
  readonly rate?: number;
}

/** A local cloud as a process of its own, and a connection to it that remembers what was sent. */
export async function startRig({ flags = [], rate = 1 }: RigOptions = {}): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), "aloft-engine-"));
  const state = join(folder, ".aloft");
  mkdirSync(state);
  const bin = join(import.meta.dirname, "../../../cloud/bin/aloft-cloud.js");
  const child = spawn(process.execPath, [bin, "--port", "0", "--dir", state, ...flags, "--clock-rate", String(rate)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const file = join(state, "cloud.json");
  for (let tries = 0; !existsSync(file); tries++) {
    if (child.exitCode !== null || tries > 300) throw new Error(`the local cloud did not start: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { port, adminToken } = JSON.parse(readFileSync(file, "utf8")) as { port: number; adminToken: string };
  const origin = `http://127.0.0.1:${port}`;
  const admin = async (path: string, body: object): Promise<unknown> => {
    const headers = { authorization: `Bearer ${adminToken}`, "content-type": "application/json" };
    return (await fetch(`${origin}/_aloft/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) })).json();
  };
  const tokenOf = async (as?: string): Promise<string> => ((await admin("token", { as })) as { token: string }).token;
  const token = await tokenOf();
  const sent: Sent[] = [];
  const clock = createClock({ rate });
  const google = connect({
    clock,
    project,
    origin,
    credentials: async () => token,
    fetch: (input, init) => {
      const url = new URL(String(input));
      const body = typeof init?.body === "string" ? (JSON.parse(init.body) as unknown) : undefined;
      sent.push({ verb: init?.method ?? "GET", path: url.pathname.slice(1), query: url.searchParams, body });
      return fetch(input, init);
    },
  });
  const byHand = connect({ project, origin, credentials: async () => token });
  return {
    folder,
    google,
    clock,
    reconnect: () => connect({ clock, project, origin, credentials: async () => token }),
    sent,
    byHand,
    as: async (email) => {
      const theirs = await tokenOf(email);
      return connect({ project, origin, credentials: async () => theirs });
    },
    graph: (build) => graphOf({ app: defineApp("rig", build), file: join(folder, "aloft.config.ts"), folder }, "local"),
    write: (name, text) => writeFileSync(join(folder, name), text),
    fault: async (fault) => void (await admin("faults", fault)),
    setSecret: async (id, value, inProject = project) => {
      const secrets = `v1/projects/${inProject}/secrets`;
      const serviceIds = ["secretmanager.googleapis.com"];
      const enable = `v1/projects/${inProject}/services:batchEnable`;
      await byHand.request({ api: "serviceusage", path: enable, verb: "POST", body: { serviceIds } });
      const made = { api: "secretmanager", path: secrets, verb: "POST", query: { secretId: id } } as const;
      await byHand.request({ ...made, body: { replication: { automatic: {} } } }).catch(() => undefined);
      const payload = { data: Buffer.from(value).toString("base64") };
      await byHand.request({
        api: "secretmanager",
        path: `${secrets}/${id}:addVersion`,
        verb: "POST",
        body: { payload },
      });
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The steps that change something, as a plan prints them. */
export function lines(plan: Plan): string[] {
  return plan.steps
    .filter(({ action }) => action !== "none")
    .map(({ action, address, reasons }) => [action, address, reasons.join(", ")].filter(Boolean).join(" "));
}

/** The events of one type, by resource. */
export function resources(events: readonly ApplyEvent[], type: ApplyEvent["type"]): string[] {
  return events.filter((event) => event.type === type).map(({ resource }) => resource);
}

export const hasProgram = (name: string): boolean =>
  (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)));
