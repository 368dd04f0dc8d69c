import type { MovableClock } from "@aloft/kit/clock";
import { Failure } from "@aloft/kit/failure";
import type { Ids } from "@aloft/kit/ids";
import { type Accounts, computeAccountOf } from "../chain/accounts.ts";
import type { Policies } from "../chain/policies.ts";
import type { Project, Projects } from "../host.ts";
import { type OpenDatabase, rereadAfterRollback } from "./database.ts";

/** The laptop's user: owner of every project that it makes. */
export const ownerEmail = "you@local.aloft";

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

export interface StoredProject extends Project {
  readonly createdMs: number;
}

export interface StoredProjects extends Projects {
  get(idOrNumber: string): StoredProject | undefined;
  list(): readonly StoredProject[];
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
}): StoredProjects {
  const { db, clock, ids, policies, accounts, defaultGrants = true } = parts;
  db.define(`
    CREATE TABLE IF NOT EXISTS projects (id TEXT PRIMARY KEY, number TEXT NOT NULL UNIQUE, created_ms INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS project_services (project TEXT NOT NULL, api TEXT NOT NULL, PRIMARY KEY (project, api));
  `);
  const byId = new Map<string, StoredProject>();
  const byNumber = new Map<string, StoredProject>();
  const apis = new Map<string, Set<string>>();
  const remember = (project: StoredProject): void => {
    byId.set(project.id, project);
    byNumber.set(project.number, project);
    apis.set(project.id, apis.get(project.id) ?? new Set());
  };
  const read = (): void => {
    for (const map of [byId, byNumber, apis]) map.clear();
    for (const row of db.prepare("SELECT id, number, created_ms FROM projects").iterate()) {
      remember({ id: String(row.id), number: String(row.number), createdMs: Number(row.created_ms) });
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

  const make = (id: string, number: string): StoredProject =>
    db.tx(() => {
      const project = { id, number, createdMs: clock.now() };
      db.prepare("INSERT INTO projects (id, number, created_ms) VALUES (?, ?, ?)").run(id, number, project.createdMs);
      const email = computeAccountOf(number);
      accounts.create({ email, projectId: id, displayName: "Compute Engine default service account" });
      policies.put(`projects/${id}`, {
        version: 1,
        bindings: [
          ...(defaultGrants ? [{ role: "roles/editor", members: [`serviceAccount:${email}`] }] : []),
          { role: "roles/owner", members: [`user:${ownerEmail}`] },
        ],
      });
      remember(project);
      touch();
      for (const api of enabledFromStart) setEnabled(id, api, true);
      return project;
    });

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
      if (known !== undefined && (number === undefined || number === known.number)) return known;
      if (known !== undefined || (number !== undefined && byNumber.has(number))) {
        throw new Failure({
          code: "INPUT_INVALID",
          what: `Project ${id} cannot have the number ${number}.`,
          why: known === undefined ? `Project ${byNumber.get(number ?? "")?.id} has it.` : `It has ${known.number}.`,
          next: "Take another number, or begin with an empty cloud: aloft cloud reset.",
        });
      }
      return make(id, number ?? freshNumber());
    },
    enabled: (projectId, api) => apis.get(projectId)?.has(api) ?? false,
    setEnabled,
    enabledApis: (projectId) => [...(apis.get(projectId) ?? [])].sort(),
    canonical: (name) => {
      const match = /^projects\/(\d+)(?=\/|$)/.exec(name);
      const project = match === null ? undefined : byNumber.get(match[1] ?? "");
      return project === undefined || match === null ? name : `projects/${project.id}${name.slice(match[0].length)}`;
    },
  };
}

/** Whether Google would take this as a project's id (shorter ones are allowed here, for tests and demos). */
export function isProjectId(id: string): boolean {
  return /^(?:[a-z0-9.-]+:)?[a-z](?:[a-z0-9-]{0,28}[a-z0-9])?$/.test(id);
}
