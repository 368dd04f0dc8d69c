import { fields, oneOf, text, yesNo } from "./check.ts";
import { labels } from "./check-service.ts";
import { memoryMiB } from "./check-size.ts";
import { redisId } from "./names.ts";
import { type Problems, shown } from "./problems.ts";
import type { RedisSpec } from "./specs.ts";

const shape = fields({
  id: redisId,
  memory: (value) => value,
  tier: oneOf("basic", "standard"),
  version: text({ pattern: /^REDIS_\d+_[\dX]+$/, allowed: "a version of Memorystore", example: "REDIS_7_2" }),
  network: text({ pattern: /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/, allowed: "a VPC network's name", example: "default" }),
  labels,
  merge: yesNo,
});

/** Reads the options of `redis()`. */
export function checkRedis(
  options: unknown,
  at: string,
  problems: Problems,
): { id: string | undefined; spec: RedisSpec } {
  const raw = shape(options, at, problems) ?? {};
  const gib = raw.memory === undefined ? undefined : (memoryMiB(raw.memory) ?? 0) / 1024;
  const tier = raw.tier === "standard" ? "STANDARD_HA" : "BASIC";
  if (gib === undefined || !Number.isInteger(gib) || gib < 1 || gib > 300) {
    problems.add(`${at}.memory`, `is ${shown(raw.memory)}; allowed: 1Gi to 300Gi in whole GiB`, `for example "1Gi"`);
  }
  return {
    id: raw.id,
    spec: {
      memoryGiB: gib ?? 1,
      tier,
      ...(raw.version === undefined ? {} : { version: raw.version }),
      network: raw.network ?? "default",
      labels: raw.labels ?? {},
      ...(raw.merge === undefined ? {} : { merge: raw.merge }),
    },
  };
}
