import type { MovableClock } from "@aloft/kit/clock";
import { type OpenDatabase, rereadAfterRollback } from "../store/database.ts";
import { policyEtag } from "./policies.ts";

/** A role that a project defined for itself. */
export interface CustomRole {
  /** `projects/p/roles/r` */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly includedPermissions: readonly string[];
  /** The number of `google.iam.admin.v1.Role.RoleLaunchStage`. */
  readonly stage: number;
  /** Base64 as on the wire. */
  readonly etag: string;
  /** When it was deleted. It can come back for 7 days; its id is held for 44. */
  readonly deletedMs?: number;
}

export type CustomRoleContent = Pick<CustomRole, "title" | "description" | "includedPermissions" | "stage">;

/** `DISABLED` of `RoleLaunchStage`: bindings of such a role grant nothing. */
const disabledStage = 5;
const dayMs = 24 * 3_600_000;
const undeleteWithinMs = 7 * dayMs;
const heldMs = 44 * dayMs;

/** The custom roles of all projects: in the database, and in memory for the check of every call. */
export interface CustomRoles {
  /** A live one, or a deleted one that may still come back. */
  get(name: string): CustomRole | undefined;
  /** What it grants now: nothing when it is disabled, deleted, or none. */
  permissions(name: string): ReadonlySet<string> | undefined;
  /** Whether its id is not to be had: the role is there, or was deleted less than 44 days ago. */
  taken(name: string): "live" | "deleted" | undefined;
  /** Those of a project by name, also deleted ones that may come back. */
  list(projectId: string): readonly CustomRole[];
  put(name: string, content: CustomRoleContent): CustomRole;
  setDeleted(name: string, deleted: boolean): CustomRole;
}

interface Held {
  readonly role: CustomRole;
  readonly permissions: ReadonlySet<string>;
}

export function createCustomRoles({ db, clock }: { db: OpenDatabase; clock: MovableClock }): CustomRoles {
  db.define("CREATE TABLE IF NOT EXISTS custom_roles (name TEXT PRIMARY KEY, role TEXT NOT NULL)");
  const cache = new Map<string, Held>();
  const remember = (role: CustomRole): void => {
    const grants = role.deletedMs === undefined && role.stage !== disabledStage;
    cache.set(role.name, { role, permissions: new Set(grants ? role.includedPermissions : []) });
  };
  const read = (): void => {
    cache.clear();
    for (const row of db.prepare("SELECT role FROM custom_roles").iterate()) {
      remember(JSON.parse(String(row.role)) as CustomRole);
    }
  };
  read();
  const touch = rereadAfterRollback(db, read);

  const save = (role: Omit<CustomRole, "etag">): CustomRole => {
    const saved = { ...role, etag: policyEtag(clock.now(), cache.get(role.name)?.role.etag) };
    db.prepare(
      "INSERT INTO custom_roles (name, role) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET role = excluded.role",
    ).run(role.name, JSON.stringify(saved));
    remember(saved);
    touch();
    return saved;
  };
  const deletedFor = ({ deletedMs }: CustomRole): number => (deletedMs === undefined ? -1 : clock.now() - deletedMs);
  const get = (name: string): CustomRole | undefined => {
    const role = cache.get(name)?.role;
    return role === undefined || deletedFor(role) >= undeleteWithinMs ? undefined : role;
  };

  return {
    get,
    permissions: (name) => cache.get(name)?.permissions,
    taken: (name) => {
      const role = cache.get(name)?.role;
      if (role === undefined || deletedFor(role) >= heldMs) return undefined;
      return role.deletedMs === undefined ? "live" : "deleted";
    },
    list: (projectId) =>
      [...cache.keys()]
        .filter((name) => name.startsWith(`projects/${projectId}/roles/`))
        .sort()
        .flatMap((name) => get(name) ?? []),
    put: (name, content) => save({ name, ...content }),
    setDeleted: (name, deleted) => {
      const { deletedMs: _, ...role } = get(name) ?? fail(name);
      return save(deleted ? { ...role, deletedMs: clock.now() } : role);
    },
  };
}

function fail(name: string): never {
  throw new Error(`no custom role ${name}`);
}
