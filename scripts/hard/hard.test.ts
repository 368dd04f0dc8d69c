import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startProcess } from "./cloud-process.ts";
import { readCatalog } from "./fuzz-catalog.ts";
import { fuzz } from "./fuzz-loop.ts";
import { soak } from "./soak-loop.ts";

test("hard use: killed under load twice, the cloud has all that it acknowledged, whole", async () => {
  const dir = mkdtempSync(join(tmpdir(), "aloft-soak-"));
  try {
    const report = await soak({ dir, seed: 11, kills: 2, writes: 100 });
    expect(report.problems).toEqual([]);
    expect(Object.values(report.acknowledged).reduce((sum, each) => sum + each, 0)).toBeGreaterThan(40);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}, 60_000);

test("hard use: two seconds of nonsense at every door find nothing", async () => {
  const dir = mkdtempSync(join(tmpdir(), "aloft-fuzz-"));
  const cloud = await startProcess(dir, ["--offline"]);
  try {
    const report = await fuzz(cloud, await readCatalog(), { seed: 12, ms: 2000, lanes: 4 });
    expect(report.defects).toEqual([]);
    for (const name of ["grpc", "rest", "bytes", "http1", "connect"]) expect(report.attempts[name]).toBeGreaterThan(0);
  } finally {
    await cloud.kill("SIGTERM");
    rmSync(dir, { recursive: true, force: true });
  }
}, 60_000);
