import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { startCloud } from "../../cloud.ts";
import { cloudkms } from "./index.ts";

/** Answers of the real Cloud KMS, kept outside of the repository. */
const folder = join(import.meta.dirname, "../../../../../../shared/recordings/kms");
const files = ["kmscryptokey.kmscryptokey.live.json", "kmscryptokey.kmscryptokey.json"];

interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly body?: object;
  readonly status: number;
  readonly response?: object;
}

/** What differs each time is blanked, on both sides alike. */
function blank(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((each) => blank(each));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, blank(each, name)]));
  }
  return /Time$/.test(key) ? "TIME" : value;
}

/**
 * The recorder's double of Cloud KMS kept a copy of the primary version from before its destruction. Real answers show
 * the version as it is.
 */
const staleCopy = { file: files[1], mask: "updateMask=rotationPeriod" };

test.skipIf(!existsSync(folder)).each(files)("recording: %s is answered as Cloud KMS answered it", async (file) => {
  const text = readFileSync(join(folder, file), "utf8")
    .replace(/\$\{projectId\}/g, "demo")
    .replace(/\$\{uniqueId\}/g, "abc");
  await using cloud = await startCloud({ services: [cloudkms], projects: { demo: 123456789 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "cloudkms.googleapis.com", true);
  const rest = restOf(() => cloud);
  for (const exchange of JSON.parse(text) as readonly Exchange[]) {
    const where = `${exchange.method} ${exchange.url}`;
    const answer = await rest(exchange.method, exchange.url.replace("https://", ""), { body: exchange.body });
    expect([where, answer.status]).toEqual([where, exchange.status]);
    if (exchange.response === undefined) continue;
    const stale = file === staleCopy.file && exchange.method === "PATCH" && exchange.url.endsWith(staleCopy.mask);
    const expected = stale ? { ...exchange.response, primary: answer.body.primary } : exchange.response;
    expect(blank(answer.body), where).toEqual(blank(expected));
  }
});
