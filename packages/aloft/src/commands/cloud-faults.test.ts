import { expect, test } from "vitest";
import { sandbox, secretsConfig } from "./cli.test-support.ts";

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
  expect([bad.code, bad.stderr]).toEqual([2, expect.stringContaining("error INPUT_INVALID  code 777 is no status")]);
  expect(bad.stderr).toContain("→ aloft help cloud faults");
  expect((await box.aloft(["cloud", "faults", "add"])).stderr).toMatch(/^error INPUT_INVALID .*→ aloft help/s);
  const nowhere = await box.aloft(["cloud", "faults", "add", "--api", "secretmanger", "--code", "503"]);
  expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining("did you mean: --api secretmanager")]);
  const negative = await box.aloft(["cloud", "faults", "add", "--code", "503", "--count", "-1"]);
  expect(negative.stderr).toContain("--count needs a value; one that begins with a dash is written --count=VALUE");
  expect((await box.aloft(["cloud", "faults", "clear", "nope"])).code).toBe(2);

  const moved = JSON.parse((await box.aloft(["cloud", "clock", "--advance", "36h", "--json"])).stdout);
  expect(Date.parse(moved.now) - Date.now()).toBeGreaterThan(35 * 3_600_000);
  const fast = await box.aloft(["cloud", "clock", "--rate", "60"]);
  expect(fast.stdout).toMatch(/ in the local cloud, where time runs 60 times as fast\n$/);
  expect((await box.aloft(["cloud", "clock", "--rate", "0"])).stderr).toContain("--rate 0 is not a number from 1");
  expect((await box.aloft(["cloud", "clock", "--advance", "soon"])).stderr).toContain("--advance soon is no duration");
}, 30_000);

test("cloud snapshot and token: kept, put back; what is no name and no e-mail is told", async () => {
  await using box = await sandbox({ "aloft.config.ts": secretsConfig("snapapp", "ONE") });
  await box.aloft(["cloud", "start"]);
  const snapshot = (...args: string[]) => box.aloft(["cloud", "snapshot", ...args]);
  expect((await snapshot("list")).stdout).toBe("None is kept.\n");
  expect((await snapshot("save", "empty")).stdout).toBe("The local cloud is kept as empty\n");
  expect((await box.aloft(["secrets", "set", "ONE"], { input: "v" })).code).toBe(0);
  expect((await box.aloft(["secrets", "get", "ONE"])).stdout).toBe("v");
  expect((await snapshot("restore", "empty")).stdout).toBe("The local cloud is as it was at empty\n");
  const gone = await box.aloft(["secrets", "get", "ONE"]);
  expect([gone.code, gone.stderr]).toEqual([
    1,
    expect.stringMatching(/secret ONE has no value\n {2}→ aloft secrets set ONE\n$/),
  ]);
  expect((await box.aloft(["secrets", "get", "OEN"])).stderr).toContain("did you mean: aloft secrets get ONE");
  const wrong = await snapshot("restore", "emtpy");
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("→ one of: empty")]);
  expect((await snapshot("save")).stderr).toContain("save takes the snapshot's name");
  expect((await snapshot("keep", "x")).stderr).toContain("keep is none of save, restore, list");
  expect((await snapshot("save", "no/name")).code).toBe(2);
  const nobody = await box.aloft(["cloud", "token", "--as", "nobody"]);
  expect([nobody.code, nobody.stdout, nobody.stderr]).toEqual([
    2,
    "",
    expect.stringContaining("--as nobody is no e-mail"),
  ]);
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
