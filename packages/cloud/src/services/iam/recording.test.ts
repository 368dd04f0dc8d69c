import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

const recordings = join(import.meta.dirname, "../../../../../../shared/recordings/iam");
const files = [
  "policy.crud",
  "role.crud",
  "serviceaccount.crud",
  "serviceaccountkey.crud",
  "iamworkloadidentitypoolprovider.oidcworkloadidentitypoolprovider.live",
  "iamserviceaccount.iamserviceaccount-full",
  "iamserviceaccount.iamserviceaccount-disabled",
];
interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly body?: unknown;
  readonly status: number;
  readonly response?: unknown;
}

let cloud: Cloud;
const rest = restOf(() => cloud);
beforeAll(async () => {
  cloud = await startCloud({ projects: { "my-project": 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("my-project", "iam.googleapis.com", true);
});
afterAll(() => cloud.close());

/** The names of all fields, at whatever depth. */
function fieldsOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value)
    .filter(([name]) => name !== "details")
    .flatMap(([name, inner]) => [name, ...fieldsOf(inner).map((field) => `${name}.${field}`)]);
}

describe.skipIf(!existsSync(recordings))("iam: what Google answered, call by call", () => {
  test.each(files)("%s", async (file) => {
    const exchanges = JSON.parse(readFileSync(`${recordings}/${file}.json`, "utf8")) as Exchange[];
    let key = "";
    let etag = "";
    let operation = "";
    for (const exchange of exchanges) {
      // Recorded from a mock, which knows no permissions.
      if (exchange.url.includes("queryTestablePermissions")) continue;
      const values: Record<string, string> = {
        projectId: "my-project",
        uniqueId: "abc1234567",
        serviceAccountKeyID: key,
      };
      const fill = (text: string): string =>
        text.replace("abcdef0123A=", etag).replace(/\$\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
      const body = exchange.body === undefined ? undefined : JSON.parse(fill(JSON.stringify(exchange.body)));
      const path = fill(exchange.url)
        .replace("https://", "")
        .replace(/projects\/123456789\/.*(?=\?)/, operation);
      const answer = await rest(exchange.method, path, { body });
      const at = `${exchange.method} ${exchange.url}`;
      expect([at, answer.status]).toEqual([at, exchange.status]);
      if (exchange.status === 404 && exchange.response === undefined) continue;
      expect([at, fieldsOf(answer.body).toSorted()]).toEqual([at, fieldsOf(exchange.response).toSorted()]);
      if (/\/operations\//.test(String(answer.body.name))) operation = String(answer.body.name);
      etag = String(answer.body.etag ?? "");
      key = /\/keys\/(\w+)$/.exec(String(answer.body.name))?.[1] ?? key;
    }
  });
});
