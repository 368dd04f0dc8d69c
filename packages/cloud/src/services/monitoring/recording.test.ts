import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

const recordings = join(import.meta.dirname, "../../../../../../shared/recordings/monitoring");
/** Of what is here. The one of groups has two of them under one placeholder: it cannot be told which is meant. */
const files = [
  "alertpolicy.crud",
  "monitoringalertpolicy.monitoringalertpolicy.live",
  "monitoringnotificationchannel.monitoringnotificationchannel",
  "monitoringservicelevelobjective.requestbaseddistributioncut",
  "monitoringservicelevelobjective.requestbasedgtrtotalservicefilter",
  "monitoringservicelevelobjective.windowbasedgoodbadmetricfilter",
  "monitoringservicelevelobjective.windowbasedgtrperformancegtr",
  "monitoringservicelevelobjective.windowbasedgtrperformancegtrtotalservicefilter",
  "monitoringservicelevelobjective.windowbasedmetricmeanfilter",
  "monitoringservicelevelobjective.windowbasedmetricsumfilter",
  "v1beta1.monitoringmetricdescriptor",
  "v1beta1.monitoringservice",
];
/** What a new descriptor, and one that goes, answers while it is not yet everywhere: there is no such delay here. */
const lag: Readonly<Record<string, readonly number[]>> = { "v1beta1.monitoringmetricdescriptor": [2, 5] };

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
  cloud.host.projects.setEnabled("my-project", "monitoring.googleapis.com", true);
});
afterAll(() => cloud.close());

const blank = new Set(["mutateTime", "mutatedBy", "startTime", "endTime"]);
function blanked(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) =>
      blank.has(key) ? "" : key === "errors" || key === "details" ? undefined : inner,
    ),
  );
}

const placeholder = (name: string): string => `\${${name}}`;

describe.skipIf(!existsSync(recordings))("monitoring: what Google answered, call by call", () => {
  test.each(files)("%s", async (file) => {
    const exchanges = JSON.parse(readFileSync(`${recordings}/${file}.json`, "utf8")) as Exchange[];
    // Numbers that the server chose are put in the place of the recorded ones, or of their placeholders.
    const chosen = new Map([
      [placeholder("projectId"), "my-project"],
      [placeholder("projectNumber"), "123456789012"],
      [placeholder("uniqueId"), "abc1234567"],
    ]);
    const fill = (text: string): string => {
      let filled = text;
      for (const [theirs, ours] of chosen) filled = filled.replaceAll(theirs, ours);
      return filled;
    };
    const learn = (theirs: unknown, ours: unknown): void => {
      if (typeof theirs === "string" && typeof ours === "string") {
        const [a, b] = [theirs.split("/"), ours.split("/")];
        a.forEach((part, i) => {
          if (/^(\d{15,}|\$\{\w+ID\})$/.test(part) && /^\d+$/.test(b[i] ?? "")) chosen.set(part, b[i] ?? "");
        });
      } else if (typeof theirs === "object" && theirs !== null && typeof ours === "object" && ours !== null) {
        for (const [key, inner] of Object.entries(theirs)) learn(inner, (ours as Record<string, unknown>)[key]);
      }
    };
    const filled = (value: unknown): unknown =>
      value === undefined ? undefined : JSON.parse(fill(JSON.stringify(value)));
    for (const [i, exchange] of exchanges.entries()) {
      if (!exchange.url.startsWith("https://monitoring.googleapis.com/") || lag[file]?.includes(i)) continue;
      const answer = await rest(exchange.method, fill(exchange.url).replace("https://", ""), {
        body: filled(exchange.body),
      });
      if (exchange.method === "POST") learn(exchange.response, answer.body);
      const at = `${i} ${exchange.method} ${exchange.url}`;
      // A refusal without its body was left out by the recorder.
      const told = exchange.response === null || exchange.response === undefined;
      expect([at, answer.status, told ? null : blanked(answer.body)]).toEqual([
        at,
        exchange.status,
        told ? null : blanked(filled(exchange.response)),
      ]);
    }
  });
});
