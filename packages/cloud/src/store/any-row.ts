import type { Host } from "../host.ts";

/** Whether a table whose name begins so has anything in it: asked at the start, before what is in them is loaded. */
export function anyRow({ db }: Pick<Host, "db">, prefix: string): boolean {
  return db
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, ?) = ?")
    .all(prefix.length, prefix)
    .some(({ name }) => db.prepare(`SELECT 1 FROM ${String(name)} LIMIT 1`).get() !== undefined);
}
