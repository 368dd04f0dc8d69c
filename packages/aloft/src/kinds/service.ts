import { type Google, GoogleError, type LongRunning } from "@aloft/google";
import type { ServiceSpec } from "../app/specs.ts";
import type { ApplyContext, Found, Kind, KindContext, Place } from "./kind.ts";
import { alreadyThere, gone, lastPart, orAbsent } from "./lib/answers.ts";
import { foreign, isOurs, keptLabels, labelChanges } from "./lib/ownership.ts";
import type { RunService, RunTemplate } from "./lib/run-service.ts";
import { overlaid, wantedService } from "./lib/service-body.ts";
import { keptFields, serviceChanges } from "./lib/service-compare.ts";
import { failedCondition, progressOf, readyChanges, servingRevision, trafficChanges } from "./lib/service-ready.ts";
import { unspread } from "./lib/unspread.ts";

const api = "run";
const parentOf = ({ project, region }: Place): string => `v2/projects/${project}/locations/${region}`;
const pathOf = (id: string, place: Place): string => `${parentOf(place)}/services/${id}`;
/** How long a new grant may take to reach the revision's secrets, by Google's words 7 minutes and sometimes more. */
const grantTries = 12;
/** gcloud's own label for "make a new revision though nothing else changed". */
const nonce = "client.knative.dev/nonce";

function read(id: string, place: Place, google: Google, signal?: AbortSignal): Promise<RunService> {
  return google.request<RunService>({ api, path: pathOf(id, place), ...(signal ? { signal } : {}) });
}

async function wait(operation: LongRunning, { google, signal, progress }: KindContext): Promise<void> {
  await google.wait(operation, {
    api,
    version: "v2",
    onProgress: ({ metadata, done }) => {
      const message = done === true ? undefined : progressOf((metadata ?? {}) as RunService);
      if (message !== undefined) progress(message);
    },
    ...(signal ? { signal } : {}),
  });
}

/** Waits until Google has stopped working on it, whoever began. */
async function settled(id: string, context: KindContext): Promise<RunService> {
  const { clock, google, place, signal } = context;
  for (let delayMs = 50, waitedMs = 0; ; delayMs = Math.min(2000, delayMs * 1.5)) {
    const live = await read(id, place, google, signal);
    if (live.reconciling !== true || waitedMs > 10 * 60_000) return live;
    context.progress(progressOf(live) ?? "deploying");
    await clock.sleep(delayMs, signal);
    waitedMs += delayMs;
  }
}

/** Sends it and waits. Throws what the operation or the service's own condition says. */
async function send(id: string, body: RunService, exists: boolean, context: KindContext): Promise<RunService> {
  const { google, place, signal } = context;
  const common = { api, body, ...(signal ? { signal } : {}) };
  const operation = exists
    ? await google.request<LongRunning>({ ...common, path: pathOf(id, place), verb: "PATCH" })
    : await google.request<LongRunning>({
        ...common,
        path: `${parentOf(place)}/services`,
        verb: "POST",
        idempotent: true,
        query: { serviceId: id },
      });
  await wait(operation, context);
  const live = await settled(id, context);
  const wrong = failedCondition(live);
  if (wrong === undefined) return live;
  const message = wrong.message ?? `the service is not ready: ${wrong.type}`;
  throw new GoogleError({ status: 200, code: "FAILED_PRECONDITION", message, call: `run ${id}` });
}

const stamped = (body: RunService, clock: ApplyContext["clock"]): RunService => ({
  ...body,
  template: { ...body.template, labels: { ...body.template?.labels, [nonce]: `a${clock.now().toString(36)}` } },
});

/** A Cloud Run service or worker: its revision, its settings, its traffic. */
export const service: Kind<ServiceSpec, RunService> = {
  name: "service",

  observe: ({ id, place }, { google, signal }) => orAbsent(read(id, place, google, signal)),

  diff: ({ spec, place }, have) => {
    if (have === undefined) return [{ op: "create", why: spec.public ? "public" : "private" }];
    const changed = [
      ...labelChanges(spec.labels, have.labels, place, spec.merge),
      ...serviceChanges(wantedService(spec, place), have, { place, merge: spec.merge }),
    ];
    if (!changed.some(({ field }) => field === "template")) return [...changed, ...readyChanges(have)];
    return [...changed, ...trafficChanges(have)];
  },

  keeps: ({ spec, place }, have) => [
    ...keptLabels(spec.labels, have.labels, place, spec.merge),
    ...keptFields(wantedService(spec, place), have, { place, merge: spec.merge }),
  ],

  blockers: (want, have) => foreign(want, have?.labels),

  apply: async ({ id, spec, place }, have, changes, context) => {
    const { clock, google, progress, signal } = context;
    const want: RunService & { readonly template: RunTemplate } = wantedService(spec, place);
    let live = have;
    if (have?.reconciling === true) {
      live = await settled(id, context);
      if (changes.every(({ field }) => field === undefined) && readyChanges(live).length === 0) return live;
    }
    const again = changes.some(({ op, field }) => op === "repair" && field !== "traffic");
    for (let attempt = 1; ; attempt++) {
      const body = live === undefined ? want : overlaid(want, live, { place, merge: spec.merge });
      try {
        return await send(id, again || attempt > 1 ? stamped(body, clock) : body, live !== undefined, context);
      } catch (thrown) {
        // An earlier try whose answer was lost has made it: then it is brought to what is wanted like any other.
        if (alreadyThere(thrown) && live === undefined) {
          live = await settled(id, context);
          continue;
        }
        const late = attempt >= grantTries ? undefined : await unspread(thrown, spec, context);
        if (late === undefined) throw thrown;
        progress(`waiting for IAM: ${late}`);
        await clock.sleep(Math.min(60_000, 2000 * 2 ** (attempt - 1)), signal);
        live = await orAbsent(read(id, place, google, signal));
      }
    }
  },

  validate: async ({ id, spec, place }, have, { google, signal }) => {
    const want = wantedService(spec, place);
    const common = { api, ...(signal ? { signal } : {}) };
    if (have === undefined) {
      const query = { serviceId: id, validateOnly: true };
      await google.request({ ...common, path: `${parentOf(place)}/services`, verb: "POST", query, body: want });
    } else {
      const body = overlaid(want, have, { place, merge: spec.merge });
      await google.request({ ...common, path: pathOf(id, place), verb: "PATCH", query: { validateOnly: true }, body });
    }
  },

  outputs: ({ spec }, live) => ({
    ...(live?.uri === undefined || live.uri === "" ? {} : { url: live.uri }),
    ...(typeof spec.serviceAccount === "string" ? { email: spec.serviceAccount } : {}),
  }),

  status: (_want, live) => {
    if (live === undefined) return { state: "absent" };
    const [wrong] = readyChanges(live);
    const revision = servingRevision(live);
    return {
      state: wrong === undefined ? "ready" : live.reconciling === true ? "pending" : "failed",
      ...(live.uri ? { url: live.uri } : {}),
      ...(revision === undefined ? {} : { revision }),
      ...(wrong === undefined ? {} : { message: wrong.why }),
    };
  },

  /** https://docs.cloud.google.com/run/docs/configuring/vpc-direct-vpc: wait 1 to 2 hours before deleting the subnet */
  held: ({ live }) =>
    (live.template?.vpcAccess?.networkInterfaces ?? []).map(({ network, subnetwork }) => ({
      what: `has addresses in the subnet ${lastPart(subnetwork ?? network ?? "default")}, which cannot be deleted for an hour or two`,
      forMs: 2 * 60 * 60_000,
    })),

  isOurs: ({ labels }, place) => isOurs(labels, place),

  listOurs: (context) => ourServices(context),

  remove: ({ id }, context) => {
    const { google, place, signal } = context;
    const call = { api, path: pathOf(id, place), verb: "DELETE", ...(signal ? { signal } : {}) } as const;
    return gone(google.request<LongRunning>(call).then((operation) => wait(operation, context)));
  },
};

/** All services with our labels; read once a run. */
export function ourServices(context: KindContext): Promise<readonly Found<RunService>[]> {
  const { google, place, signal } = context;
  return context.once("our services", async () => {
    const call = { api, path: `${parentOf(place)}/services`, ...(signal ? { signal } : {}) };
    const all = await orAbsent(google.list<RunService>(call, "services"));
    return (all ?? [])
      .filter(({ labels }) => isOurs(labels, place))
      .map((live) => ({ id: lastPart(live.name ?? ""), live }));
  });
}
