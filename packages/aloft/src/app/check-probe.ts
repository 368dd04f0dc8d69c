import { fields, text, whole } from "./check.ts";
import type { Problems } from "./problems.ts";
import { shown } from "./problems.ts";
import type { ProbeSpec } from "./specs.ts";

export const httpPath = text({ pattern: /^\/[^\s?#]*$/, max: 1024, allowed: "a path", example: "/health" });

const isTrue = (value: unknown, at: string, problems: Problems): true | undefined =>
  value === true ? true : problems.add(at, `is ${shown(value)}; allowed: true`, "leave it out for HTTP");

/** Bounds of google.cloud.run.v2.Probe. */
const shape = fields({
  path: httpPath,
  tcp: isTrue,
  port: whole(1, 65_535, 8080),
  initialDelay: whole(0, 240, 0),
  period: whole(1, 3600, 10),
  timeout: whole(1, 3600, 1),
  failures: whole(1, 1000, 3),
});

type Times = Pick<ProbeSpec, "periodS" | "timeoutS" | "failures">;
/** Asks every second, for two minutes: Direct VPC egress alone can take one. */
const startupTimes: Times = { periodS: 1, timeoutS: 1, failures: 120 };
const livenessTimes: Times = { periodS: 10, timeoutS: 5, failures: 6 };

/** A probe by its path or in full; undefined, with the problem noted, when it is none. */
export function readProbe(
  given: unknown,
  kind: "startup" | "liveness",
  at: string,
  options: { readonly port: number; readonly problems: Problems },
): ProbeSpec | undefined {
  const { problems } = options;
  const raw = typeof given === "string" ? { path: given } : given;
  const read = shape(raw, at, problems);
  if (read === undefined) return undefined;
  if ((read.path === undefined) === (read.tcp === undefined)) {
    return problems.add(at, "needs a path or tcp: true, one of the two", `for example { path: "/health" }`);
  }
  if (read.tcp && kind === "liveness")
    return problems.add(at, "Cloud Run has no liveness probe by TCP", `{ path: "/health" }`);
  const times = kind === "startup" ? startupTimes : livenessTimes;
  const periodS = read.period ?? times.periodS;
  const spec: ProbeSpec = {
    ...(read.path === undefined ? {} : { path: read.path }),
    port: read.port ?? options.port,
    initialDelayS: read.initialDelay ?? 0,
    periodS,
    timeoutS: read.timeout ?? Math.min(times.timeoutS, periodS),
    failures: read.failures ?? (kind === "startup" ? Math.max(1, Math.floor(120 / periodS)) : times.failures),
  };
  if (spec.timeoutS > spec.periodS) {
    return problems.add(
      at,
      `has a timeout of ${spec.timeoutS} s, longer than its period of ${spec.periodS} s`,
      "make the period longer",
    );
  }
  if (kind === "startup" && (spec.periodS > 240 || spec.periodS * spec.failures > 240)) {
    return problems.add(
      at,
      `waits ${spec.periodS} s × ${spec.failures}; Cloud Run allows 240 s in all`,
      "for example { period: 2, failures: 120 }",
    );
  }
  return spec;
}
