import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startCloud } from "../../cloud.ts";
import { runOver } from "./api.ts";
import { type Answer, runClient } from "./testing/client.ts";
import { paperMachines } from "./testing/machines.ts";

/** Answers of the real Cloud Run, kept outside of the repository. */
const folder = join(import.meta.dirname, "../../../../../../shared/recordings/run");
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".live.json")) : [];

interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly body?: object;
  readonly status: number;
  readonly response?: Answer;
}

const times = /^(create|update|delete|expire|lastTransition)Time$/;
const people = /^(creator|lastModifier)$/;

/** What differs each time is blanked, on both sides alike. `urls` came to Cloud Run after the recording. */
function blank(value: Answer, key = ""): Answer {
  if (Array.isArray(value)) return value.map((each) => blank(each, key));
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([name]) => name !== "urls");
    return Object.fromEntries(entries.map(([name, each]) => [name, blank(each, name)]));
  }
  if (times.test(key)) return "TIME";
  if (people.test(key)) return "SOMEBODY";
  if (key === "uid") return "UID";
  if (key === "etag") return /^"[\w+/]+\/[\w+]+"$/.test(String(value)) ? "ETAG" : value;
  if (typeof value !== "string") return value;
  return value
    .replace(/operations\/.*$/, "operations/ID")
    .replace(/(-\d{5})-[a-z0-9]{3}$/, "$1-abc")
    .replace(/-[a-z0-9]{10}-uc\.a\.run\.app$/, "-HASH-uc.a.run.app");
}

const cases = files.length === 0 ? ["(there are no recordings beside the repository)"] : files;

test.skipIf(files.length === 0).each(cases)("recording: %s is answered as Cloud Run answered it", async (file) => {
  const text = readFileSync(join(folder, file), "utf8").replace(/\$\{projectId\}/g, "demo");
  const exchanges = JSON.parse(text) as readonly Exchange[];
  const machines = paperMachines();
  await using cloud = await startCloud({ services: [runOver(() => machines)], projects: { demo: 123456789 } });
  cloud.host.projects.setEnabled("demo", "run.googleapis.com", true);
  const client = runClient(cloud.url, cloud.token());
  const operations = new Map<string, string>();
  for (const exchange of exchanges) {
    const url = new URL(exchange.url);
    let path = url.pathname.replace("/v2/", "");
    const recorded = path;
    path = operations.get(recorded) ?? path;
    if (operations.has(recorded)) await client.call("POST", `${path}:wait`, { timeout: "10s" });
    const answer = await client.call(exchange.method, path + url.search, exchange.body);
    const where = `${exchange.method} ${recorded}`;
    expect(answer.status, where).toBe(exchange.status);
    if (exchange.response === undefined) continue;
    const name = String(exchange.response.name);
    if (name.includes("/operations/")) operations.set(name, answer.body.name);
    expect(blank(answer.body), where).toEqual(blank(exchange.response));
  }
});
