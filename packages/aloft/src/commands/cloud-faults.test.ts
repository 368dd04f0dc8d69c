import { expect, test } from "vitest";
import { sandbox } from "./cli.test-support.ts";

test("cloud faults and clock: added, told, cleared; time moves", async () => {
  await using box = await sandbox();
  await box.aloft(["cloud", "start"]);
  const flags = ["--api", "run", "--method", "CreateService", "--code", "503", "--rate", "0.2", "--latency", "300ms"];
  const added = await box.aloft(["cloud", "faults", "add", ...flags]);
  expect(added.stdout).toMatch(
    /^ {2}\w{8} {2}run CreateService {3}waits 300 ms, fails with UNAVAILABLE · 20 % of calls/,
  );
  const listed = JSON.parse((await box.aloft(["cloud", "faults", "list", "--json"])).stdout);
  expect(listed.faults).toMatchObject([{ api: "run", code: "UNAVAILABLE", latencyMs: 300, met: 0 }]);
  const cleared = await box.aloft(["cloud", "faults", "clear"]);
  expect(cleared.stdout).toBe("1 fault cleared\nNo calls fail on purpose.\n");
  const bad = await box.aloft(["cloud", "faults", "add", "--code", "777"]);
  expect([bad.code, bad.stderr]).toEqual([1, expect.stringContaining("code 777 is no status")]);

  const moved = JSON.parse((await box.aloft(["cloud", "clock", "--advance", "36h", "--json"])).stdout);
  expect(Date.parse(moved.now) - Date.now()).toBeGreaterThan(35 * 3_600_000);
  const fast = await box.aloft(["cloud", "clock", "--rate", "60"]);
  expect(fast.stdout).toMatch(/ in the local cloud, where time runs 60 times as fast\n$/);
  expect((await box.aloft(["cloud", "clock", "--rate", "0"])).stderr).toContain("--rate 0 is not a number from 1");
  expect((await box.aloft(["cloud", "clock", "--advance", "soon"])).stderr).toContain("--advance soon is no duration");
}, 30_000);

test("cloud groups: who is in one is said, told and taken back", async () => {
  await using box = await sandbox();
  await box.aloft(["cloud", "start"]);
  const groups = (...args: string[]) => box.aloft(["cloud", "groups", ...args]);
  expect((await groups("list")).stdout).toBe("Nobody is in any group.\n");
  const added = await groups("add", "devs@example.com", "ann@example.com", "group:leads@example.com");
  expect(added.stdout).toBe("  devs@example.com  group:leads@example.com, user:ann@example.com\n");
  expect((await groups("remove", "devs@example.com", "ann@example.com")).stdout).not.toContain("ann");
  expect((await groups("remove", "devs@example.com")).stdout).toBe("Nobody is in any group.\n");
  expect((await groups("add", "devs@example.com")).stderr).toContain("add takes a group and its members");
  expect((await groups("add", "devs", "ann@example.com")).stderr).toContain("is no group's e-mail");
}, 30_000);
