import type { Host } from "../../host.ts";

export const api = "storage.googleapis.com";

/** Whether this cloud has ever had anything to do with Cloud Storage: else its start leaves it alone. */
export function hasState({ db }: Host): boolean {
  const table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'storage_objects'";
  return db.prepare(table).get() !== undefined;
}
