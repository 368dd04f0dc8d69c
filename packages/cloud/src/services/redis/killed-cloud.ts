// A cloud with one Redis instance, for tests that kill it: prints where the instance is, and waits.
import { join } from "node:path";
import { startCloud } from "../../cloud.ts";
import { createProcesses } from "../../processes.ts";
import { redis } from "./index.ts";
import { socketOf } from "./socket.ts";

const parent = "projects/demo/locations/us-central1";
const cloud = await startCloud({
  dir: process.argv[2] ?? "",
  services: [redis],
  projects: { demo: 123456789012 },
  log: () => undefined,
});
cloud.host.projects.setEnabled("demo", "redis.googleapis.com", true);
const answer = await fetch(`${cloud.url}/redis.googleapis.com/v1/${parent}/instances?instanceId=orphan`, {
  method: "POST",
  headers: { authorization: `Bearer ${cloud.token()}`, "content-type": "application/json" },
  body: JSON.stringify({ tier: "BASIC", memorySizeGb: 1 }),
});
const { name } = (await answer.json()) as { name: string };
await cloud.host.operations.done(name);
const row = cloud.host.db.prepare("SELECT host FROM redis_servers").get();
const socket = socketOf(join(cloud.host.files("redis"), "demo.us-central1.orphan"));
const record = createProcesses(cloud.host.db).adopt(`redis/${parent}/instances/orphan`);
process.stdout.write(`${JSON.stringify({ host: row?.host, pid: record?.pid, socket })}\n`);
setInterval(() => undefined, 60_000);
