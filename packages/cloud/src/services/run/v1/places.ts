import type { Json, RestRequest } from "../../../service.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import type { Control } from "../control.ts";
import { idOf } from "../names.ts";
import { pageSizeOf } from "../pages.ts";
import { tidy } from "./json.ts";
import { labelSelector } from "./selectors.ts";

/** Where a request goes: `-` is every region, of hosts that name none. */
export interface Where {
  readonly project: string;
  readonly region: string;
}

/** The project and region of a request: `namespaces/P` at a regional host, or `projects/P/locations/R`. */
export function whereOf(control: Control, request: RestRequest): Where {
  const { project = "", location } = request.params;
  const canonical = control.host.projects.canonical(`projects/${project}`);
  return { project: idOf(canonical), region: location ?? request.hostRegion ?? "-" };
}

export function parentOf(control: Control, request: RestRequest): string {
  const { project, region } = whereOf(control, request);
  return `projects/${project}/locations/${region}`;
}

/** Throws INVALID_ARGUMENT where the host names no region: what is to be made must be somewhere. */
export function regionalParent(control: Control, request: RestRequest): string {
  const { project, region } = whereOf(control, request);
  if (region !== "-") return `projects/${project}/locations/${region}`;
  throw new RpcError(
    "INVALID_ARGUMENT",
    "The request names no region: use the regional endpoint, for example us-central1-run.googleapis.com.",
  );
}

/** The project's number, for `metadata.namespace`. */
export function numberOf(control: Control, name: string): string {
  return control.host.projects.get(name.split("/")[1] ?? "")?.number ?? "0";
}

/** What lists are made of: a collection of the store. */
export interface Listable<M> {
  list(options: {
    readonly under?: string;
    readonly pageSize?: number;
    readonly pageToken?: string;
    readonly where?: (message: M) => boolean;
  }): { readonly items: readonly M[]; readonly nextPageToken: string };
}

/** The whole name of what a request names by id: ids are unique in a region, whatever the parent. */
export function findByIn<M extends { readonly name: string }>(
  collection: Listable<M>,
  where: Where,
  kind: string,
  id: string,
): M | undefined {
  const under = `projects/${where.project}/locations/${where.region === "-" ? "" : `${where.region}/`}`;
  return collection.list({ under, where: ({ name }) => idOf(name) === id && name.includes(`/${kind}/`) }).items[0];
}

/** A Kubernetes list of one page. */
export function listOf<M extends { readonly name: string }>(
  control: Control,
  request: RestRequest,
  of: {
    readonly apiVersion: string;
    /** `ServiceList` */
    readonly kind: string;
    readonly collection: Listable<M>;
    readonly show: (message: M) => object;
  },
): Json {
  const { project, region } = whereOf(control, request);
  const select = labelSelector(request.query.get("labelSelector") ?? "");
  const limit = request.query.get("limit") ?? "0";
  if (!/^\d+$/.test(limit)) throw new RpcError("INVALID_ARGUMENT", `Invalid limit: '${limit}'.`);
  const labels = (shown: object): Record<string, string> =>
    (shown as { metadata?: { labels?: Record<string, string> } }).metadata?.labels ?? {};
  const { items, nextPageToken } = of.collection.list({
    under: `projects/${project}/locations/${region === "-" ? "" : `${region}/`}`,
    pageSize: pageSizeOf(Number(limit)),
    pageToken: request.query.get("continue") ?? "",
    where: (message) => select(labels(of.show(message))),
  });
  return {
    apiVersion: of.apiVersion,
    kind: of.kind,
    metadata: nextPageToken === "" ? {} : { continue: nextPageToken },
    ...(items.length === 0 ? {} : { items: items.map((each) => tidy(of.show(each))) }),
  };
}
