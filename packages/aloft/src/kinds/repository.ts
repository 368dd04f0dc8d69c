import type { LongRunning } from "@aloft/google";
import type { RepositorySpec } from "../app/specs.ts";
import type { Kind, Place } from "./kind.ts";
import { gone, lastPart, orAbsent, thereAlready } from "./lib/answers.ts";
import { foreign, isOurs, keptLabels, labelChanges, mergedLabels, ownLabels } from "./lib/ownership.ts";

/** The part of artifactregistry v1's Repository that matters here. */
interface LiveRepository {
  readonly name: string;
  readonly format?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

const api = "artifactregistry";
const parentOf = ({ project, region }: Place): string => `v1/projects/${project}/locations/${region}`;
const pathOf = (id: string, place: Place): string => `${parentOf(place)}/repositories/${id}`;

/** The Artifact Registry repository that the app's images are pushed to. */
export const repository: Kind<RepositorySpec, LiveRepository> = {
  name: "repository",

  observe: ({ id, place }, { google, signal }) =>
    orAbsent(google.request<LiveRepository>({ api, path: pathOf(id, place), ...(signal ? { signal } : {}) })),

  diff: ({ place }, have) => (have === undefined ? [{ op: "create", why: "" }] : labelChanges({}, have.labels, place)),

  keeps: ({ place }, have) => keptLabels({}, have.labels, place),

  blockers: (want, have) => [
    ...foreign(want, have?.labels),
    ...(have?.format === undefined || have.format === "DOCKER"
      ? []
      : [
          {
            address: want.address,
            code: "CONFIG_INVALID" as const,
            what: `the repository ${want.id} is there and holds ${have.format}, not DOCKER`,
            next: `gcloud artifacts repositories delete ${want.id} --location=${want.place.region}`,
          },
        ]),
  ],

  apply: async ({ id, place }, have, _changes, { google, signal }) => {
    const common = { api, ...(signal ? { signal } : {}) };
    if (have === undefined) {
      const body = { format: "DOCKER", description: `Images of ${place.app}`, labels: ownLabels(place) };
      const call = { ...common, path: `${parentOf(place)}/repositories`, query: { repositoryId: id }, body };
      const made = google
        .request<LongRunning>({ ...call, verb: "POST", idempotent: true })
        .then((operation) => google.wait(operation, { api, version: "v1", ...(signal ? { signal } : {}) }));
      await thereAlready(made);
    } else {
      const body = { labels: mergedLabels({}, have.labels, place) };
      const call = { ...common, path: pathOf(id, place), query: { updateMask: "labels" }, body };
      await google.request({ ...call, verb: "PATCH", idempotent: true });
    }
    return google.request<LiveRepository>({ ...common, path: pathOf(id, place) });
  },

  outputs: () => ({}),

  isOurs: ({ labels }, place) => isOurs(labels, place),

  listOurs: async ({ google, place, signal }) => {
    const call = { api, path: `${parentOf(place)}/repositories`, ...(signal ? { signal } : {}) };
    const all = await orAbsent(google.list<LiveRepository>(call, "repositories"));
    return (all ?? []).filter(({ labels }) => isOurs(labels, place)).map((live) => ({ id: lastPart(live.name), live }));
  },

  remove: ({ id }, { google, place, signal }) =>
    gone(
      google
        .request<LongRunning>({ api, path: pathOf(id, place), verb: "DELETE", ...(signal ? { signal } : {}) })
        .then((operation) => google.wait(operation, { api, version: "v1", ...(signal ? { signal } : {}) })),
    ),
};
