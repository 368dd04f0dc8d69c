import type { Host, Project } from "../../host.ts";

/** Which projects a project monitors beside itself. */
export interface ScopeStore {
  /** In the order in which they were added. */
  of(scope: string): readonly { readonly id: string; readonly atMs: number }[];
  scopesOf(monitored: string): readonly string[];
  /** False where it is there. */
  add(scope: string, monitored: string): boolean;
  /** False where it is not there. */
  remove(scope: string, monitored: string): boolean;
  /** A project's own scope is as old as it. */
  createdMs(project: Project): number;
  /** When one was added or taken away last; 0 where none was. */
  changedMs(project: Project): number;
}

export function monitoredProjects({ db, clock }: Pick<Host, "db" | "clock">): ScopeStore {
  db.define(`
    CREATE TABLE IF NOT EXISTS monitored_projects (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, scope TEXT NOT NULL, project TEXT NOT NULL, at_ms INTEGER NOT NULL,
      UNIQUE (scope, project)
    );
    CREATE TABLE IF NOT EXISTS metrics_scopes (project TEXT PRIMARY KEY, changed_ms INTEGER NOT NULL);
  `);
  const changed = (scope: string): void => {
    db.prepare("INSERT OR REPLACE INTO metrics_scopes (project, changed_ms) VALUES (?, ?)").run(scope, clock.now());
  };
  return {
    of: (scope) =>
      db
        .prepare("SELECT project, at_ms FROM monitored_projects WHERE scope = ? ORDER BY seq")
        .all(scope)
        .map((row) => ({ id: String(row.project), atMs: Number(row.at_ms) })),
    scopesOf: (monitored) =>
      db
        .prepare("SELECT scope FROM monitored_projects WHERE project = ? ORDER BY seq")
        .all(monitored)
        .map((row) => String(row.scope)),
    add: (scope, monitored) =>
      db.tx(() => {
        const { changes } = db
          .prepare("INSERT INTO monitored_projects (scope, project, at_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
          .run(scope, monitored, clock.now());
        if (changes === 1) changed(scope);
        return changes === 1;
      }),
    remove: (scope, monitored) =>
      db.tx(() => {
        const { changes } = db
          .prepare("DELETE FROM monitored_projects WHERE scope = ? AND project = ?")
          .run(scope, monitored);
        if (changes === 1) changed(scope);
        return changes === 1;
      }),
    createdMs: ({ id }) =>
      Number(db.prepare("SELECT created_ms FROM projects WHERE id = ?").get(id)?.created_ms ?? clock.now()),
    changedMs: ({ id }) =>
      Number(db.prepare("SELECT changed_ms FROM metrics_scopes WHERE project = ?").get(id)?.changed_ms ?? 0),
  };
}
