import type { Answer, Recording } from "./exchange.ts";

export interface Presupposed {
  /** By id: those that a recording names and does not create. */
  readonly projects: ReadonlySet<string>;
  /** The folders and organisations in which it makes something or asks for it. */
  readonly containers: ReadonlySet<string>;
  /** Buckets that were seen before anything was done to them, as they were then. */
  readonly buckets: readonly Answer[];
}

/** What was there before a recording began. `fill` puts in what placeholders stand for. */
export function presupposed(recording: Recording, fill: (text: string) => string): Presupposed {
  const projects = new Set<string>();
  const created = new Set<string>();
  const containers = new Set<string>();
  for (const { method, url, body } of recording.exchanges) {
    const { hostname, pathname } = new URL(fill(url));
    const named = /\/projects\/([a-z][a-z0-9-]*)(?=[/:]|$)/.exec(pathname)?.[1];
    if (named !== undefined) projects.add(named);
    const above = /^\/v\w+\/((?:folders|organizations)\/\d+)\//.exec(pathname)?.[1];
    if (above !== undefined) containers.add(above);
    const parent = body?.parent;
    if (method !== "POST" || parent === undefined || !hostname.endsWith("cloudresourcemanager.googleapis.com"))
      continue;
    if (typeof body.projectId === "string") created.add(fill(body.projectId));
    const name = fill(typeof parent === "string" ? parent : `${parent.type}s/${parent.id}`);
    if (/^(folders|organizations)\/\d+$/.test(name)) containers.add(name);
  }
  return {
    buckets: presupposedBuckets(recording, fill),
    projects: new Set([...projects].filter((id) => !created.has(id))),
    containers,
  };
}

/** What a bucket may be made with. */
const settings = [
  "name",
  "location",
  "storageClass",
  "labels",
  "lifecycle",
  "versioning",
  "hierarchicalNamespace",
  "iamConfiguration",
];

function presupposedBuckets({ exchanges }: Recording, fill: (text: string) => string): readonly Answer[] {
  const met = new Set<string>();
  return exchanges.flatMap(({ method, url, body, status, response }) => {
    const { hostname, pathname } = new URL(fill(url));
    const [, of = ""] = /^\/storage\/v1\/b(?:\/([^/]+))?/.exec(pathname) ?? [];
    const name = of === "" ? fill(String(body?.name ?? "")) : of;
    if (hostname !== "storage.googleapis.com" || name === "" || met.has(name)) return [];
    met.add(name);
    if (method !== "GET" || status !== 200 || response?.kind !== "storage#bucket") return [];
    return [Object.fromEntries(settings.flatMap((each) => (each in response ? [[each, response[each]]] : [])))];
  });
}
