import type { Blocker } from "../../plan/plan.ts";
import type { Change, Place, Want } from "../kind.ts";

type Labels = Readonly<Record<string, string>>;

/** The labels that make a resource ours. */
export function ownLabels({ app, env }: Place): Labels {
  return { "managed-by": "aloft", "aloft-app": app, "aloft-env": env };
}

/** For list filters that understand labels: `labels.aloft-app=x AND labels.aloft-env=y`. */
export function isOurs(labels: Labels | undefined, place: Place): boolean {
  return Object.entries(ownLabels(place)).every(([name, value]) => labels?.[name] === value);
}

/**
 * Labels and annotations that Google and its own clients write: nobody's to take away. The namespaces are those of
 * google.cloud.run.v2.Service.labels, `goog-` is reserved for Google: https://cloud.google.com/resource-manager/docs/labels-overview
 */
const googles = /^(goog-|(run|cloud)\.googleapis\.com\/|(serving|autoscaling|client)\.knative\.dev\/)/;

/** Names of labels or annotations that are live, and neither in the file nor ours nor Google's. */
export function strangers(want: Labels, have: Labels | undefined, place: Place): readonly string[] {
  const known = { ...want, ...ownLabels(place) };
  return Object.keys(have ?? {}).filter((name) => !Object.hasOwn(known, name) && !googles.test(name));
}

/** What is live with what the file says laid over it. `merge: false`: without what the file does not name. */
export function laidOver(want: Labels, have: Labels | undefined, place: Place, merge = true): Labels {
  const gone = new Set(merge ? [] : strangers(want, have, place));
  const kept = Object.entries(have ?? {}).filter(([name]) => !gone.has(name));
  return { ...Object.fromEntries(kept), ...want };
}

/** Labels are merged: those that the file does not name stay, unless it says `merge: false`. */
export function mergedLabels(want: Labels, have: Labels | undefined, place: Place, merge = true): Labels {
  return { ...laidOver(want, have, place, merge), ...ownLabels(place) };
}

/** The labels that the file does not name and that stay, as a plan tells them. */
export const keptLabels = (want: Labels, have: Labels | undefined, place: Place, merge = true): readonly string[] =>
  merge ? strangers(want, have, place).map((name) => `labels.${name}`) : [];

/** What adopting or relabelling comes to, one change a label. */
export function labelChanges(want: Labels, have: Labels | undefined, place: Place, merge = true): readonly Change[] {
  const own = ownLabels(place);
  const adopted = Object.entries(own).every(([name, value]) => have?.[name] === value);
  const changes: Change[] = adopted ? [] : [{ op: "update", field: "labels", why: "adopted" }];
  for (const [name, value] of Object.entries(want)) {
    const now = have?.[name];
    if (now !== value)
      changes.push({ op: "update", field: "labels", why: `labels.${name} ${now ?? "none"} → ${value}` });
  }
  for (const name of merge ? [] : strangers(want, have, place))
    changes.push({ op: "update", field: "labels", why: `labels.${name} removed` });
  return changes;
}

/** A resource with this id that belongs to another app or environment is never touched. */
export function foreign(want: Want<unknown>, labels: Labels | undefined): readonly Blocker[] {
  const app = labels?.["aloft-app"];
  const env = labels?.["aloft-env"];
  if (app === undefined || (app === want.place.app && env === want.place.env)) return [];
  return [theirs(want, `${app} (${env ?? "?"})`)];
}

/** Where there are no labels the description tells: it starts with this. */
export const marker = ({ app, env }: Place): string => `aloft:${app}/${env}`;

export function foreignMarker(want: Want<unknown>, description: string | undefined): readonly Blocker[] {
  const other = /^aloft:(\S+)/.exec(description ?? "")?.[1];
  return other === undefined || `aloft:${other}` === marker(want.place) ? [] : [theirs(want, other)];
}

const theirs = (want: Want<unknown>, owner: string): Blocker => ({
  address: want.address,
  code: "CONFIG_INVALID",
  what: `${want.id} is there already and belongs to ${owner}`,
  next: "give it another id in the file: id: …",
});
