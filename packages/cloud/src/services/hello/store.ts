import type { Database } from "../../host.ts";
import type { Greeting } from "./rules.ts";

export interface Greetings {
  get(name: string): Greeting | undefined;
  list(project: string): readonly Greeting[];
  /** False when the name is taken. */
  insert(greeting: Greeting): boolean;
  delete(name: string): boolean;
}

export function greetingStore(db: Database): Greetings {
  db.define("CREATE TABLE IF NOT EXISTS hello_greetings (name TEXT PRIMARY KEY, greeting TEXT NOT NULL)");
  const read = (row: Record<string, unknown>): Greeting => JSON.parse(String(row.greeting)) as Greeting;
  return {
    get: (name) => {
      const row = db.prepare("SELECT greeting FROM hello_greetings WHERE name = ?").get(name);
      return row === undefined ? undefined : read(row);
    },
    list: (project) => {
      const prefix = `projects/${project}/greetings/`;
      const rows = db.prepare("SELECT greeting FROM hello_greetings WHERE name > ? AND name < ? ORDER BY name");
      return rows.all(prefix, `${prefix}~`).map(read);
    },
    insert: (greeting) =>
      db
        .prepare("INSERT INTO hello_greetings (name, greeting) VALUES (?, ?) ON CONFLICT (name) DO NOTHING")
        .run(greeting.name, JSON.stringify(greeting)).changes === 1,
    delete: (name) => db.prepare("DELETE FROM hello_greetings WHERE name = ?").run(name).changes === 1,
  };
}
