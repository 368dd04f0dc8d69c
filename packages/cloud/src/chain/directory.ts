import type { MovableClock } from "@aloft/kit/clock";
import type { Ids } from "@aloft/kit/ids";
import type { Iam } from "../host.ts";
import type { OpenDatabase } from "../store/database.ts";
import { createProjects, type StoredProjects } from "../store/projects.ts";
import { createAccountKeys } from "./account-keys.ts";
import { createAccounts } from "./accounts.ts";
import { fullNames, type ProjectPlace, tagFacts } from "./condition-tags.ts";
import { createCustomRoles } from "./custom-roles.ts";
import { createDenyPolicies } from "./deny.ts";
import { createGroups } from "./groups.ts";
import { createIam, type LocalIam } from "./iam.ts";
import type { LikeGoogle } from "./like-google.ts";
import { createPolicies } from "./policies.ts";
import type { Preset } from "./presets.ts";
import { readSelfSigned } from "./self-signed.ts";

/** Projects and identity, which know each other: a new project has an owner's policy and a service account. */
export function createDirectory(parts: {
  readonly db: OpenDatabase;
  readonly clock: MovableClock;
  readonly ids: Ids;
  readonly mode: Iam["mode"];
  readonly note: (topic: string, text: string) => void;
  readonly likeGoogle?: LikeGoogle | undefined;
  readonly presets?: ReadonlySet<Preset>;
}): { readonly projects: StoredProjects; readonly iam: LocalIam } {
  const policies = createPolicies(parts.db, parts.clock);
  const accounts = createAccounts(parts);
  const customRoles = createCustomRoles(parts);
  const deny = createDenyPolicies(parts);
  const keys = createAccountKeys(parts);
  const groups = createGroups(parts.db);
  const selfSigned: LocalIam["selfSigned"] = (token) => readSelfSigned(token, { accounts, keys, clock: parts.clock });
  const { clock, mode, note, likeGoogle } = parts;
  const restricted = parts.presets?.has("org") ?? false;
  const kept = createProjects({ ...parts, policies, accounts, defaultGrants: !restricted, organised: restricted });
  const setEnabled: StoredProjects["setEnabled"] = (id, api, on) => {
    if (on && !kept.enabled(id, api)) likeGoogle?.apiOn(id, api);
    kept.setEnabled(id, api, on);
  };
  const projects: StoredProjects = { ...kept, setEnabled };
  const numberOf = (id: string): string | undefined => projects.get(id)?.number;
  const above = (place: string): readonly string[] => {
    if (!place.startsWith("projects/")) return projects.hierarchy.above(place);
    const project = projects.get(place.slice("projects/".length));
    return project === undefined ? [] : projects.above(project);
  };
  const placeOf = (id: string): ProjectPlace | undefined => {
    const project = projects.get(id);
    return project && { number: project.number, above: projects.above(project) };
  };
  const { tags } = projects;
  const tagFactsOf = (resource: string): readonly string[] =>
    tags.empty() ? [] : tagFacts(tags.effective(fullNames(resource, placeOf)), placeOf);
  const iam = createIam({
    policies,
    accounts,
    customRoles,
    deny,
    keys,
    groups,
    selfSigned,
    numberOf,
    above,
    tagFactsOf,
    clock,
    mode,
    note,
    likeGoogle,
    restricted,
  });
  return { projects, iam };
}
