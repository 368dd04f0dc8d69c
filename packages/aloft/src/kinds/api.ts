import type { LongRunning } from "@aloft/google";
import type { ApiSpec } from "../app/specs.ts";
import type { Kind } from "./kind.ts";
import { lastPart } from "./lib/answers.ts";

interface LiveApis {
  readonly enabled: ReadonlySet<string>;
}

/** The most that services:batchGet and services:batchEnable take at once. */
const readAtOnce = 30;
const enabledAtOnce = 20;

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

const short = (name: string): string => name.replace(".googleapis.com", "");

/** The APIs that the app needs, switched on in its project. They are never switched off: others may use them. */
export const api: Kind<ApiSpec, LiveApis> = {
  name: "api",

  observe: async ({ spec, place }, { google, signal }) => {
    const parent = `projects/${place.project}`;
    const pages = await Promise.all(
      chunks(spec.services, readAtOnce).map((names) =>
        google.request<{ services?: { name: string; state?: string }[] }>({
          api: "serviceusage",
          path: `v1/${parent}/services:batchGet`,
          query: { names: names.map((name) => `${parent}/services/${name}`) },
          ...(signal ? { signal } : {}),
        }),
      ),
    );
    const on = pages.flatMap((page) => page.services ?? []).filter(({ state }) => state === "ENABLED");
    return { enabled: new Set(on.map(({ name }) => lastPart(name))) };
  },

  diff: ({ spec }, have) => {
    const missing = spec.services.filter((name) => !have?.enabled.has(name));
    if (missing.length === 0) return [];
    return [{ op: missing.length === spec.services.length ? "create" : "update", why: missing.map(short).join(", ") }];
  },

  apply: async ({ spec, place }, have, _changes, { google, signal, progress }) => {
    const missing = spec.services.filter((name) => !have?.enabled.has(name));
    for (const serviceIds of chunks(missing, enabledAtOnce)) {
      progress(`enabling ${serviceIds.map(short).join(", ")}`);
      const operation = await google.request<LongRunning>({
        api: "serviceusage",
        path: `v1/projects/${place.project}/services:batchEnable`,
        verb: "POST",
        body: { serviceIds },
        idempotent: true,
        ...(signal ? { signal } : {}),
      });
      await google.wait(operation, { api: "serviceusage", version: "v1", ...(signal ? { signal } : {}) });
    }
    return { enabled: new Set(spec.services) };
  },

  outputs: () => ({}),

  listOurs: async () => [],
  remove: async () => {},
};
