import type { MovableClock } from "@aloft/kit/clock";
import { Failure } from "@aloft/kit/failure";
import type { Ids } from "@aloft/kit/ids";
import { type Accounts, computeAccountOf } from "../chain/accounts.ts";
import type { Policies } from "../chain/policies.ts";
import type { Project, Projects } from "../host.ts";
import { type OpenDatabase, rereadAfterRollback } from "./database.ts";
import { createHierarchy, type Hierarchy } from "./projects-hierarchy.ts";
import { ownerEmail } from "./projects-owner.ts";
import { createTags, type Shelf, shelf, type Tags } from "./projects-tags.ts";

export { ownerEmail };

/** On from the start in a project of Google's that somebody made (of the services that are here). */
const enabledFromStart = [
  "cloudapis.googleapis.com",
  "cloudtrace.googleapis.com",
  "logging.googleapis.com",
  "monitoring.googleapis.com",
  "servicemanagement.googleapis.com",
  "serviceusage.googleapis.com",
  "sql-component.googleapis.com",
  "storage-api.googleapis.com",
  "storage-component.googleapis.com",
  "storage.googleapis.com",
];

/** What may change of a project. */
export interface ProjectDetails {
  /** What somebody called it; `""` where nobody has. */
  readonly displayName: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `folders/1` or `organizations/2`; `""` outside any organisation. */
  readonly parent: string;
  /** The billing account that was chosen for it: `""` for none. Absent: the laptop's own. */
  readonly billing?: string;
  readonly updatedMs?: number | undefined;
  /** Since when it is to be deleted. */
  readonly deletedMs?: number | undefined;
  /** Nobody created it, and only Resource Manager was asked about it: who creates it gets it. */
  readonly passing?: boolean;
}

export interface StoredProject extends Project, ProjectDetails {
  readonly createdMs: number;
}

/** What keeps a project from being deleted. */
export interface Lien {
  readonly name: string;
  /** `projects/123456789012` */
  readonly parent: string;
  readonly reason: string;
  readonly origin: string;
  readonly createdMs: number;
}

export interface StoredProjects extends Projects {
  get(idOrNumber: string): StoredProject | undefined;
  list(): readonly StoredProject[];
  /** Makes one, or takes over one that was only named in passing; undefined where the id is taken. */
  create(
    id: string,
    details: Pick<ProjectDetails, "displayName" | "labels" | "parent">,
    owner: string,
  ): StoredProject | undefined;
  change(id: string, change: Partial<ProjectDetails>): StoredProject;
  /** Makes the project that a call names. */
  named(id: string, passing: boolean): StoredProject;
  readonly hierarchy: Hierarchy;
  readonly tags: Tags;
  readonly liens: Shelf<Lien>;
  /** The folders above it and its organisation, from the nearest on. */
  above(project: StoredProject): readonly string[];
}

/**
 * The projects, their numbers and enabled APIs, in the database and in memory. A new one has its owner, and the
 * default compute service account with `roles/editor`, as Google's.
 */
export function createProjects(parts: {
  readonly db: OpenDatabase;
  readonly clock: MovableClock;
  readonly ids: Ids;
  readonly policies: Policies;
  readonly accounts: Accounts;
  /** Whether a new project's default account is its editor; true by default. */
  readonly defaultGrants?: boolean;
  /** Whether there is an organisation, and new projects are in it. */
  readonly organised?: boolean;
}): StoredProjects {
  const { db, clock, ids, policies, accounts, defaultGrants = true, organised = false } = parts;
  db.define(`
    CREATE TABLE IF NOT EXISTS projects (id TEXT PRIMARY KEY, number TEXT NOT NULL UNIQUE, created_ms INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS project_details (project TEXT PRIMARY KEY, details TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS project_services (project TEXT NOT NULL, api TEXT NOT NULL, PRIMARY KEY (project, api));
  `);
  const hierarchy = createHierarchy({ db, clock, ids, policies });
  const tags = createTags(db);
  const byId = new Map<string, StoredProject>();
  const byNumber = new Map<string, StoredProject>();
  const apis = new Map<string, Set<string>>();
  const plain: ProjectDetails = { displayName: "", labels: {}, parent: "" };
  const remember = (project: StoredProject): void => {
    byId.set(project.id, project);
    byNumber.set(project.number, project);
    apis.set(project.id, apis.get(project.id) ?? new Set());
  };
  const read = (): void => {
    for (const map of [byId, byNumber, apis]) map.clear();
    const details = new Map<string, ProjectDetails>();
    for (const row of db.prepare("SELECT project, details FROM project_details").iterate()) {
      details.set(String(row.project), JSON.parse(String(row.details)) as ProjectDetails);
    }
    for (const row of db.prepare("SELECT id, number, created_ms FROM projects").iterate()) {
      const id = String(row.id);
      const createdMs = Number(row.created_ms);
      remember({ ...plain, ...details.get(id), id, number: String(row.number), createdMs });
    }
    for (const row of db.prepare("SELECT project, api FROM project_services").iterate()) {
      apis.get(String(row.project))?.add(String(row.api));
    }
  };
  read();
  const touch = rereadAfterRollback(db, read);

  const get = (idOrNumber: string): StoredProject | undefined => byId.get(idOrNumber) ?? byNumber.get(idOrNumber);

  const freshNumber = (): string => {
    for (;;) {
      const number = ids.digits(12);
      if (!byNumber.has(number)) return number;
    }
  };

  const keep = (project: StoredProject): StoredProject => {
    const { id, number, createdMs, ...details } = project;
    db.prepare(
      "INSERT INTO project_details (project, details) VALUES (?, ?) ON CONFLICT (project) DO UPDATE SET details = excluded.details",
    ).run(id, JSON.stringify(details));
    remember({ id, number, createdMs, ...details });
    touch();
    return project;
  };

  const make = (id: string, number: string, details: Partial<ProjectDetails>, owner: string): StoredProject =>
    db.tx(() => {
      const parent = organised ? hierarchy.organization().name : "";
      const project = { ...plain, parent, ...details, id, number, createdMs: clock.now() };
      db.prepare("INSERT INTO projects (id, number, created_ms) VALUES (?, ?, ?)").run(id, number, project.createdMs);
      const email = computeAccountOf(number);
      accounts.create({ email, projectId: id, displayName: "Compute Engine default service account" });
      policies.put(`projects/${id}`, {
        version: 1,
        bindings: [
          ...(defaultGrants ? [{ role: "roles/editor", members: [`serviceAccount:${email}`] }] : []),
          { role: "roles/owner", members: [...new Set([`user:${ownerEmail}`, owner])] },
        ],
      });
      keep(project);
      for (const api of enabledFromStart) setEnabled(id, api, true);
      return project;
    });

  const change = (id: string, what: Partial<ProjectDetails>): StoredProject => {
    const project = byId.get(id);
    if (project === undefined) throw new TypeError(`There is no project ${id}.`);
    return keep({ ...project, ...what });
  };

  function setEnabled(projectId: string, api: string, on: boolean): void {
    db.prepare(
      on
        ? "INSERT INTO project_services (project, api) VALUES (?, ?) ON CONFLICT DO NOTHING"
        : "DELETE FROM project_services WHERE project = ? AND api = ?",
    ).run(projectId, api);
    touch();
    if (on) apis.get(projectId)?.add(api);
    else apis.get(projectId)?.delete(api);
  }

  return {
    get,
    list: () => [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    ensure: (id, number) => {
      const known = byId.get(id);
      if (known !== undefined && (number === undefined || number === known.number)) {
        return known.passing === true ? change(id, { passing: false }) : known;
      }
      if (known !== undefined || (number !== undefined && byNumber.has(number))) {
        throw new Failure({
          code: "INPUT_INVALID",
          what: `Project ${id} cannot have the number ${number}.`,
          why: known === undefined ? `Project ${byNumber.get(number ?? "")?.id} has it.` : `It has ${known.number}.`,
          next: "Take another number, or begin with an empty cloud: aloft cloud reset.",
        });
      }
      return make(id, number ?? freshNumber(), {}, `user:${ownerEmail}`);
    },
    create: (id, { displayName, labels, parent }, owner) => {
      const known = byId.get(id);
      if (known === undefined) {
        const place = parent === "" ? {} : { parent };
        return make(id, freshNumber(), { displayName, labels, billing: "", ...place }, owner);
      }
      if (known.passing !== true) return undefined;
      const place = parent === "" ? known.parent : parent;
      return change(id, { displayName, labels, parent: place, billing: "", passing: false });
    },
    change,
    named: (id, passing) => {
      const known = byId.get(id);
      if (known === undefined) return make(id, freshNumber(), passing ? { passing } : {}, `user:${ownerEmail}`);
      return known.passing === true && !passing ? change(id, { passing: false }) : known;
    },
    enabled: (projectId, api) => apis.get(projectId)?.has(api) ?? false,
    setEnabled,
    enabledApis: (projectId) => [...(apis.get(projectId) ?? [])].sort(),
    canonical: (name) => {
      const match = /^projects\/(\d+)(?=\/|$)/.exec(name);
      const project = match === null ? undefined : byNumber.get(match[1] ?? "");
      return project === undefined || match === null ? name : `projects/${project.id}${name.slice(match[0].length)}`;
    },
    hierarchy,
    tags,
    liens: shelf<Lien>(db, "project_liens"),
    above: ({ parent }) => (parent === "" ? [] : [parent, ...hierarchy.above(parent)]),
  };
}

/** Whether Google would take this as a project's id (shorter ones are allowed here, for tests and demos). */
export function isProjectId(id: string): boolean {
  return /^(?:[a-z0-9.-]+:)?[a-z](?:[a-z0-9-]{0,28}[a-z0-9])?$/.test(id);
}
