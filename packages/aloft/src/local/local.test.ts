import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { sandbox, secretsConfig } from "../commands/cli.test-support.ts";
import { placeOf } from "./place.ts";
import { alive, descendants, identify } from "./processes.ts";
import { isOlder } from "./start.ts";

const box = await sandbox({ "aloft.config.ts": secretsConfig("localapp", "ONE") });
afterAll(() => box[Symbol.asyncDispose]());

const cloudFile = () =>
  JSON.parse(readFileSync(join(box.state, "cloud.json"), "utf8")) as { port: number; pid: number };

test("aloft cloud: starts once, says where, and stops with nothing left", async () => {
  const started = JSON.parse((await box.aloft(["cloud", "start", "--json"])).stdout);
  expect(started).toMatchObject({
    started: true,
    address: `http://127.0.0.1:${box.port}`,
    pid: cloudFile().pid,
    dir: box.state,
  });
  expect(statSync(join(box.state, "cloud.json")).mode & 0o777).toBe(0o600);
  const cloud = identify(started.pid);

  const again = await box.aloft(["cloud", "start"]);
  expect(again).toMatchObject({ code: 0, stderr: "" });
  expect(again.stdout).toContain(`The local cloud runs already at ${started.address}`);

  const status = JSON.parse((await box.aloft(["cloud", "status", "--json"])).stdout);
  expect(status).toMatchObject({ address: started.address, pid: started.pid, running: [] });
  const token = await box.aloft(["cloud", "token"]);
  expect(token).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/^ya29\.\S+\n$/) });

  const children = descendants(started.pid);
  expect(JSON.parse((await box.aloft(["cloud", "stop", "--json"])).stdout)).toMatchObject({
    stopped: true,
    leftovers: 0,
  });
  expect([cloud, ...children].filter(alive)).toEqual([]);
  const none = await box.aloft(["cloud", "stop"]);
  expect(none).toMatchObject({ code: 0, stdout: expect.stringMatching(/^No local cloud runs at /) });
  expect(await box.aloft(["cloud", "status"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("CLOUD_NOT_RUNNING"),
  });
});

test("--env local: a command that needs the cloud starts it and says so; after kill -9 the data is there", async () => {
  const set = await box.aloft(["secrets", "set", "ONE", "--json"], { input: "first" });
  expect(set).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("The local cloud was not running: started at http"),
  });
  const { pid } = cloudFile();
  const cloud = identify(pid);
  process.kill(pid, "SIGKILL");
  while (alive(cloud)) await new Promise((resolve) => setTimeout(resolve, 5));

  const get = await box.aloft(["secrets", "get", "ONE"]);
  expect(get).toMatchObject({ code: 0, stdout: "first" });
  expect(cloudFile().port).toBe(box.port);
  expect(cloudFile().pid).not.toBe(pid);
});

test("aloft cloud reset: needs approval, and empties it", async () => {
  expect(await box.aloft(["cloud", "reset"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("CONFIRMATION_NEEDED"),
  });
  expect(await box.aloft(["cloud", "reset", "--yes"])).toMatchObject({ code: 0 });
  expect(await box.aloft(["secrets", "get", "ONE"])).toMatchObject({ code: 1 });
});

test("aloft cloud start: a port that another program has, and a broken cloud.json, are told", async () => {
  const server = createServer((socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")).listen(
    0,
    "127.0.0.1",
  );
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await using other = await sandbox();
  const taken = await other.aloft(["cloud", "start", "--port", String(port)]);
  expect(taken).toMatchObject({ code: 1, stdout: "" });
  expect(taken.stderr).toMatch(
    new RegExp(`^error PORT_IN_USE  port ${port} .*\n  → aloft cloud start --port ${port + 1}\n$`),
  );
  server.close();

  mkdirSync(other.state, { recursive: true });
  other.write(".aloft/cloud.json", '{"port": 45');
  const broken = await other.aloft(["cloud", "start", "--port", "0"]);
  expect(broken).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error STATE_CORRUPT .*cloud\.json cannot be read\n/),
  });
  other.write(".aloft/cloud.json", "{}");
  expect((await other.aloft(["cloud", "start", "--port", "99999"])).code).toBe(2);
  rmSync(join(other.state, "cloud.json"));
});

test("aloft cloud start: a cloud of an older version is restarted", async () => {
  await using other = await sandbox();
  mkdirSync(other.state, { recursive: true });
  const old = spawn(process.execPath, ["-e", oldCloud, "aloft-cloud", join(other.state, "cloud.json")], {
    stdio: "ignore",
  });
  while (!existsSync(join(other.state, "cloud.json"))) await new Promise((resolve) => setTimeout(resolve, 10));
  const started = await other.aloft(["cloud", "start", "--json"], { env: { ALOFT_CLOUD: "" } });
  expect(started.stderr).toContain("The local cloud is of version 0.0.1: restarting it");
  expect(JSON.parse(started.stdout)).toMatchObject({ started: true, replaced: "0.0.1" });
  expect(old.exitCode ?? old.signalCode).not.toBeNull();
});

/** The admin API of a version long gone. */
const oldCloud = `
const server = require("node:http").createServer((req, res) => res.end(JSON.stringify({ version: "0.0.1", pid: process.pid })));
server.listen(0, "127.0.0.1", () => {
  const file = { port: server.address().port, pid: process.pid, version: "0.0.1", adminToken: "old", startedAt: "" };
  require("node:fs").writeFileSync(process.argv[2] + ".new", JSON.stringify(file), { mode: 0o600 });
  require("node:fs").renameSync(process.argv[2] + ".new", process.argv[2]);
});`;

test("isOlder: by numbers, not by letters", () => {
  expect(isOlder("0.9.0", "0.10.0")).toBe(true);
  expect(isOlder("0.10.0", "0.10.0")).toBe(false);
  expect(isOlder("1.0.0", "0.10.0")).toBe(false);
});

test("placeOf: the address is of this machine; another's is refused before anything is sent there", () => {
  const at = (ALOFT_CLOUD: string) => placeOf({ cwd: "/", environ: { ALOFT_CLOUD, ALOFT_CLOUD_DIR: "/nowhere" } });
  expect(at("localhost:4600")).toMatchObject({ host: "localhost", port: 4600 });
  expect(at("4600")).toMatchObject({ host: "127.0.0.1", port: 4600 });
  expect(() => at("10.0.0.1:4510")).toThrow(
    expect.objectContaining({ code: "INPUT_INVALID", next: "export ALOFT_CLOUD=127.0.0.1:4510" }),
  );
  expect(() => at("garbage")).toThrow(expect.objectContaining({ what: "ALOFT_CLOUD is not HOST:PORT" }));
});
