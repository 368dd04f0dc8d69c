import { join } from "node:path";
import type { Google } from "@aloft/google";
import { systemClock } from "@aloft/kit/clock";
import { type Address, type Graph, isRef, type Ref, type Resource } from "../app/graph.ts";
import { kindOf } from "../kinds/index.ts";
import type { KindContext, Place, Want } from "../kinds/kind.ts";
import type { PlanOptions } from "./engine.ts";
import { memoised } from "./parallel.ts";

/** What references come to, by address and output. */
export type Known = Map<Address, Readonly<Record<string, string | undefined>>>;

/** The same value with the references in it that are known replaced by their values. */
export function resolved<T>(value: T, known: Known): T {
  if (isRef(value)) return (known.get(value.$ref)?.[value.output] ?? value) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => resolved(item, known)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, resolved(inner, known)])) as T;
}

/** The references in a value that are not known yet, at any depth. */
export const refsIn = (value: unknown): readonly Ref[] =>
  isRef(value) ? [value] : typeof value === "object" && value !== null ? Object.values(value).flatMap(refsIn) : [];

export const placeOf = ({ app, env, project, region }: Graph): Place => ({ app, env, project, region });

export function wantOf(resource: Resource, graph: Graph, known: Known): Want<unknown> {
  const { address, id, spec } = resource;
  return { address, id, spec: resolved(spec, known), place: placeOf(graph) };
}

/** What is known of the file alone: a service account's e-mail. */
export function knownFromFile(graph: Graph): Known {
  const known: Known = new Map();
  for (const resource of graph.resources) {
    known.set(resource.address, kindOf(resource.kind).outputs(wantOf(resource, graph, known), undefined));
  }
  return known;
}

/** The same connection, whose waits are told: each once. */
export function telling(google: Google, tell: (message: string) => void): Google {
  const told = new Set<string>();
  const onWait = (why: string): void => {
    if (told.has(why)) return;
    told.add(why);
    tell(why);
  };
  return {
    ...google,
    request: (call) => google.request({ onWait, ...call }),
    list: (call, items) => google.list({ onWait, ...call }, items),
  };
}

export function contextOf(graph: Graph, google: Google, options: PlanOptions): KindContext {
  const progress = (message: string): void => options.onProgress?.(message);
  return {
    google: telling(google, progress),
    place: placeOf(graph),
    folder: graph.folder,
    cache: options.cache ?? join(graph.folder, ".aloft", "images"),
    clock: options.clock ?? systemClock,
    ...(options.signal ? { signal: options.signal } : {}),
    once: memoised(),
    progress,
  };
}
