import type { MovableClock } from "@aloft/kit/clock";
import type { Ids } from "@aloft/kit/ids";
import type { Policies } from "../chain/policies.ts";
import { type OpenDatabase, rereadAfterRollback } from "./database.ts";
import { ownerEmail } from "./projects-owner.ts";

/** A folder or an organisation. */
export interface Container {
  /** `folders/123456789012` or `organizations/123456789012` */
  readonly name: string;
  /** Of a folder: another, or the organisation. `""` of an organisation. */
  readonly parent: string;
  readonly displayName: string;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly deletedMs?: number | undefined;
}

/** What stands above projects. There is an organisation once something asks for one. */
export interface Hierarchy {
  get(name: string): Container | undefined;
  list(): readonly Container[];
  /** The first organisation, made now if there is none. */
  organization(): Container;
  /** The folder or organisation of this name, made now (a folder under the organisation) if there is none. */
  ensure(name: string): Container;
  createFolder(parent: string, displayName: string, creator: string): Container;
  put(container: Container): Container;
  /** The names above one, from the nearest on. */
  above(name: string): readonly string[];
}

const domain = ownerEmail.slice(ownerEmail.indexOf("@") + 1);

/** What the laptop's user may do in an organisation: as Google's administrator of one who gave himself the rest. */
const organizationRoles = [
  "roles/owner",
  "roles/resourcemanager.folderAdmin",
  "roles/resourcemanager.organizationAdmin",
  "roles/resourcemanager.projectCreator",
  "roles/resourcemanager.tagAdmin",
  "roles/resourcemanager.tagUser",
];

/** What Google gives to who creates a folder. */
const folderRoles = ["roles/resourcemanager.folderAdmin", "roles/resourcemanager.folderEditor"];

export function createHierarchy(parts: {
  readonly db: OpenDatabase;
  readonly clock: MovableClock;
  readonly ids: Ids;
  readonly policies: Policies;
}): Hierarchy {
  const { db, clock, ids, policies } = parts;
  db.define("CREATE TABLE IF NOT EXISTS resource_containers (name TEXT PRIMARY KEY, container TEXT NOT NULL)");
  const byName = new Map<string, Container>();
  const read = (): void => {
    byName.clear();
    for (const row of db.prepare("SELECT name, container FROM resource_containers").iterate()) {
      byName.set(String(row.name), JSON.parse(String(row.container)) as Container);
    }
  };
  read();
  const touch = rereadAfterRollback(db, read);

  const put = (container: Container): Container => {
    db.prepare(
      "INSERT INTO resource_containers (name, container) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET container = excluded.container",
    ).run(container.name, JSON.stringify(container));
    byName.set(container.name, container);
    touch();
    return container;
  };

  const make = (name: string, parent: string, displayName: string, roles: readonly string[], member: string) =>
    db.tx(() => {
      const now = clock.now();
      policies.put(name, { version: 1, bindings: roles.map((role) => ({ role, members: [member] })) });
      return put({ name, parent, displayName, createdMs: now, updatedMs: now });
    });

  const list = (): Container[] => [...byName.values()].sort((a, b) => a.createdMs - b.createdMs);
  const fresh = (kind: string): string => {
    for (;;) {
      const name = `${kind}/${ids.digits(12)}`;
      if (!byName.has(name)) return name;
    }
  };
  const organization = (name?: string): Container =>
    (name === undefined ? list().find((each) => each.parent === "") : byName.get(name)) ??
    make(name ?? fresh("organizations"), "", domain, organizationRoles, `user:${ownerEmail}`);

  const above = (name: string): string[] => {
    const names: string[] = [];
    for (let parent = byName.get(name)?.parent ?? ""; parent !== ""; parent = byName.get(parent)?.parent ?? "") {
      names.push(parent);
    }
    return names;
  };

  return {
    get: (name) => byName.get(name),
    list,
    organization: () => organization(),
    ensure: (name) => {
      if (name.startsWith("organizations/")) return organization(name);
      const title = `Folder ${name.slice(name.indexOf("/") + 1)}`;
      return byName.get(name) ?? make(name, organization().name, title, folderRoles, `user:${ownerEmail}`);
    },
    createFolder: (parent, displayName, creator) => make(fresh("folders"), parent, displayName, folderRoles, creator),
    put,
    above,
  };
}
