import { spawn } from "node:child_process";
import { once } from "node:events";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { Database } from "./host.ts";
import { createProcesses, end, identify, isAlive } from "./processes.ts";

const memory = (): Database => {
  const sql = new DatabaseSync(":memory:");
  return {
    sql,
    prepare: (text) => sql.prepare(text),
    tx: (work) => work(),
    together: (work) => work(),
    onRollback: () => undefined,
    define: (schema) => sql.exec(schema),
  };
};

test("processes: one on record is adopted while that very process runs, and forgotten when it is gone", async () => {
  const child = spawn("sleep", ["60"]);
  await once(child, "spawn");
  const processes = createProcesses(memory());
  const record = processes.record("redis/a", child.pid ?? 0);
  expect(record).toBeDefined();
  expect(processes.adopt("redis/a")).toEqual(record);
  expect(processes.owners("redis/")).toEqual(["redis/a"]);

  await Promise.all([record && end(record), once(child, "exit")]);
  expect(processes.adopt("redis/a")).toBeUndefined();
  expect(processes.owners("redis/")).toEqual([]);
});

test("processes: another process with the same number is not taken for ours", () => {
  const own = identify(process.pid);
  expect(own && isAlive(own)).toBe(true);
  expect(isAlive({ pid: process.pid, started: "1@another-boot" })).toBe(false);
});

test("processes: one that ignores SIGTERM is killed when its grace is over", async () => {
  const child = spawn("sh", ["-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"], { detached: true });
  await once(child.stdout, "data");
  const record = identify(child.pid ?? 0);
  const exit = once(child, "exit");
  if (record) await end(record, { graceMs: 60, group: true });
  expect(await exit).toEqual([null, "SIGKILL"]);
});
