import type { Host } from "../../host.ts";
import { existingControl } from "./control.ts";
import { idOf } from "./names.ts";
import { settle } from "./settle.ts";

export interface RunningRevision {
  readonly name: string;
  readonly percent: number;
  readonly tag?: string;
  /** Instances that are up, idle ones among them. */
  readonly instances: number;
}

/** A service as the cloud's status tells it. */
export interface RunningService {
  /** `projects/p/locations/r/services/s` */
  readonly service: string;
  /** `uri`; absent before a revision has been ready, or when the default URL is off. */
  readonly url?: string;
  /** The plain loopback URL. */
  readonly localUrl?: string;
  readonly ready: boolean;
  /** Those that requests go to. */
  readonly revisions: readonly RunningRevision[];
  /** Of all its revisions. */
  readonly instances: number;
}

/** The services of this cloud, by name; none where the API has not been used since the start and none is stored. */
export function runningServices(host: Host): readonly RunningService[] {
  const control = existingControl(host);
  if (control === undefined) return [];
  const { store, machines } = control;
  const up = (revision: string): number =>
    (machines.state(revision)?.instances ?? []).filter(({ phase }) => phase === "running" || phase === "idle").length;
  const services = [...store.allServices()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return services.map((service) => {
    const revisions = store.revisionsOf(service.name);
    const localUrl = machines.localUrl(service.name);
    return {
      service: service.name,
      ...(service.uri === "" ? {} : { url: service.uri }),
      ...(localUrl === undefined ? {} : { localUrl }),
      ready: service.latestReadyRevision !== "" && !service.reconciling,
      revisions: settle(service, revisions).routes.map(({ revision, percent, tag }) => ({
        name: idOf(revision.name),
        percent,
        ...(tag === "" ? {} : { tag }),
        instances: up(revision.name),
      })),
      instances: revisions.reduce((sum, revision) => sum + up(revision.name), 0),
    };
  });
}
