import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

const recordings = join(import.meta.dirname, "../../../../../../shared/recordings/logging");
/** Those of projects; folders and organizations are not here. */
const files = [
  "bucket.crud",
  "logginglogbucket.projectlogbucket",
  "logginglogexclusion.projectexclusion",
  "logginglogmetric.explicitlogmetric",
  "logginglogmetric.exponentiallogmetric",
  "logginglogmetric.logbucketmetric",
  "logginglogmetric.logginglogmetric-nometricdescriptor",
  "logginglogsink.projectsink",
  "v1beta1.logginglogview",
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
});
afterAll(() => cloud.close());

const values: Readonly<Record<string, string>> = {
  projectId: "my-project",
  projectNumber: "123456789012",
  uniqueId: "abc1234567",
  exclusionID: "exclusion-abc1234567",
};
const fill = (text: string): string => text.replace(/\$\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
const filled = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(fill(JSON.stringify(value))));

/** Times vary, a legacy list of errors is not one of this API's alone, and the recorder left details out. */
function blanked(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) =>
      key === "createTime" || key === "updateTime" ? "" : key === "errors" || key === "details" ? undefined : inner,
    ),
  );
}

describe.skipIf(!existsSync(recordings))("logging: what Google answered, call by call", () => {
  test.each(files)("%s", async (file) => {
    const exchanges = JSON.parse(readFileSync(`${recordings}/${file}.json`, "utf8")) as Exchange[];
    const own = exchanges.filter(({ url }) => url.startsWith("https://logging.googleapis.com/"));
    expect(own.length).toBeGreaterThan(0);
    for (const exchange of own) {
      const answer = await rest(exchange.method, fill(exchange.url).replace("https://", ""), {
        body: filled(exchange.body),
      });
      const at = `${exchange.method} ${exchange.url}`;
      expect([at, answer.status, blanked(answer.body)]).toEqual([
        at,
        exchange.status,
        blanked(filled(exchange.response)),
      ]);
    }
    // What was deleted can be brought back for a week, and is listed as long.
    cloud.clock.advance(8 * 86_400_000);
  });
});
