import { GoogleError, type LongRunning } from "@aloft/google";
import type { RedisSpec } from "../app/specs.ts";
import type { Change, Kind, KindContext, Place } from "./kind.ts";
import { gone, lastPart, orAbsent } from "./lib/answers.ts";
import { foreign, isOurs, keptLabels, labelChanges, mergedLabels } from "./lib/ownership.ts";

/** The part of redis v1's Instance that matters here. */
interface LiveRedis {
  readonly name: string;
  readonly state?: string;
  readonly statusMessage?: string;
  readonly tier?: string;
  readonly memorySizeGb?: number;
  readonly redisVersion?: string;
  readonly authorizedNetwork?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly host?: string;
  readonly port?: number;
}

const api = "redis";
const parentOf = ({ project, region }: Place): string => `v1/projects/${project}/locations/${region}`;
const pathOf = (id: string, place: Place): string => `${parentOf(place)}/instances/${id}`;
/** Google takes minutes to make one. */
const longestMs = 30 * 60_000;
const working = new Set(["CREATING", "UPDATING", "REPAIRING", "MAINTENANCE", "FAILING_OVER", "IMPORTING"]);

function read(id: string, { google, place, signal }: KindContext): Promise<LiveRedis> {
  return google.request<LiveRedis>({ api, path: pathOf(id, place), ...(signal ? { signal } : {}) });
}

/** Waits until Google has stopped working on it. */
async function settled(id: string, context: KindContext): Promise<LiveRedis> {
  const { clock, signal } = context;
  const until = clock.now() + longestMs;
  for (let delayMs = 100; ; delayMs = Math.min(5000, delayMs * 1.5)) {
    const live = await read(id, context);
    if (!working.has(live.state ?? "") || clock.now() > until) return live;
    context.progress(`state ${live.state}`);
    await clock.sleep(delayMs, signal);
  }
}

async function wait(operation: LongRunning, { google, signal, progress }: KindContext): Promise<void> {
  await google.wait(operation, {
    api,
    version: "v1",
    timeoutMs: longestMs,
    onProgress: ({ metadata }) => progress(`${(metadata as { verb?: string } | undefined)?.verb ?? "working"} …`),
    ...(signal ? { signal } : {}),
  });
}

/** A Memorystore for Redis instance, on the network's private addresses. */
export const redis: Kind<RedisSpec, LiveRedis> = {
  name: "redis",
  holdsData: true,

  observe: ({ id }, context) => orAbsent(read(id, context)),

  diff: ({ spec, place }, have) => {
    if (have === undefined) return [{ op: "create", why: `${spec.memoryGiB}Gi ${spec.tier}` }];
    const changes: Change[] = [...labelChanges(spec.labels, have.labels, place, spec.merge)];
    if (have.memorySizeGb !== spec.memoryGiB) {
      changes.push({
        op: "update",
        field: "memorySizeGb",
        why: `memory ${have.memorySizeGb ?? "?"}Gi → ${spec.memoryGiB}Gi`,
      });
    }
    if (spec.version !== undefined && have.redisVersion !== spec.version) {
      changes.push({
        op: "update",
        field: "redisVersion",
        why: `version ${have.redisVersion ?? "?"} → ${spec.version}`,
      });
    }
    if (have.state !== "READY" && have.state !== undefined) {
      changes.push({ op: "repair", why: `state ${have.state}${have.statusMessage ? `: ${have.statusMessage}` : ""}` });
    }
    return changes;
  },

  keeps: ({ spec, place }, have) => keptLabels(spec.labels, have.labels, place, spec.merge),

  blockers: (want, have) => {
    if (have === undefined) return [];
    const fixed = (what: string) => ({
      address: want.address,
      code: "CONFIG_INVALID" as const,
      what: `redis ${want.id}: ${what}, which Google cannot change in place`,
      next: "put it back, or declare a second one and move over",
    });
    const network = lastPart(have.authorizedNetwork ?? want.spec.network);
    return [
      ...foreign(want, have.labels),
      ...(have.tier !== undefined && have.tier !== want.spec.tier
        ? [fixed(`tier ${have.tier} → ${want.spec.tier}`)]
        : []),
      ...(network === want.spec.network ? [] : [fixed(`network ${network} → ${want.spec.network}`)]),
    ];
  },

  apply: async ({ id, spec, place }, have, changes, context) => {
    const { google, signal } = context;
    const common = { api, ...(signal ? { signal } : {}) };
    if (have === undefined) {
      const body = {
        name: pathOf(id, place).slice("v1/".length),
        tier: spec.tier,
        memorySizeGb: spec.memoryGiB,
        ...(spec.version === undefined ? {} : { redisVersion: spec.version }),
        authorizedNetwork: `projects/${place.project}/global/networks/${spec.network}`,
        connectMode: "DIRECT_PEERING",
        labels: mergedLabels(spec.labels, {}, place),
      };
      const call = { ...common, path: `${parentOf(place)}/instances`, query: { instanceId: id }, body };
      try {
        await wait(await google.request<LongRunning>({ ...call, verb: "POST", idempotent: true }), context);
      } catch (thrown) {
        if (!(thrown instanceof GoogleError && thrown.code === "ALREADY_EXISTS")) throw thrown;
      }
      return ready(await settled(id, context));
    }
    const fields = new Set(changes.flatMap(({ field }) => field ?? []));
    const now = working.has(have.state ?? "") ? await settled(id, context) : have;
    if (fields.delete("redisVersion")) {
      const body = { redisVersion: spec.version };
      await wait(
        await google.request<LongRunning>({ ...common, path: `${pathOf(id, place)}:upgrade`, verb: "POST", body }),
        context,
      );
    }
    if (fields.size > 0) {
      const body = { memorySizeGb: spec.memoryGiB, labels: mergedLabels(spec.labels, now.labels, place, spec.merge) };
      const query = { updateMask: [...fields].join(",") };
      await wait(
        await google.request<LongRunning>({ ...common, path: pathOf(id, place), verb: "PATCH", query, body }),
        context,
      );
    }
    return ready(await settled(id, context));
  },

  outputs: (_want, live) => {
    if (live?.host === undefined || live.host === "") return {};
    const port = String(live.port ?? 6379);
    return { host: live.host, port, url: `redis://${live.host}:${port}/0` };
  },

  status: (_want, live) => {
    if (live === undefined) return { state: "absent" };
    if (live.state === "READY") return { state: "ready", message: `${live.host}:${live.port ?? 6379}` };
    const message = [live.state, live.statusMessage].filter(Boolean).join(": ");
    return { state: working.has(live.state ?? "") ? "pending" : "failed", message };
  },

  isOurs: ({ labels }, place) => isOurs(labels, place),

  listOurs: async ({ google, place, signal }) => {
    const call = { api, path: `${parentOf(place)}/instances`, ...(signal ? { signal } : {}) };
    const all = await orAbsent(google.list<LiveRedis>(call, "instances"));
    return (all ?? []).filter(({ labels }) => isOurs(labels, place)).map((live) => ({ id: lastPart(live.name), live }));
  },

  remove: ({ id }, context) => {
    const { google, place, signal } = context;
    const call = { api, path: pathOf(id, place), verb: "DELETE", ...(signal ? { signal } : {}) } as const;
    return gone(google.request<LongRunning>(call).then((operation) => wait(operation, context)));
  },
};

function ready(live: LiveRedis): LiveRedis {
  if (live.state === "READY") return live;
  throw new GoogleError({
    status: 200,
    code: "FAILED_PRECONDITION",
    message: `the instance is ${live.state ?? "in no state"}${live.statusMessage ? `: ${live.statusMessage}` : ""}`,
    call: `redis ${lastPart(live.name)}`,
  });
}
