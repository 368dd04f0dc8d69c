import { type OpenDatabase, rereadAfterRollback } from "./database.ts";

/** A tag's key or one of its values. */
export interface Tag {
  /** `tagKeys/281475012216835` or `tagValues/…` */
  readonly name: string;
  /** Of a key `projects/demo` (by id) or `organizations/1`, of a value its key. */
  readonly parent: string;
  readonly shortName: string;
  readonly description: string;
  readonly purpose?: number;
  readonly purposeData?: Readonly<Record<string, string>>;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** Changes with every change. */
  readonly revision: number;
}

export interface TagBinding {
  /** Full name of the resource, as it is shown: `//cloudresourcemanager.googleapis.com/projects/123456789012`. */
  readonly parent: string;
  readonly tagValue: string;
}

export interface TagHold {
  /** `tagValues/1/tagHolds/2` */
  readonly name: string;
  readonly holder: string;
  readonly origin: string;
  readonly helpLink: string;
  readonly createdMs: number;
}

/** A value that counts on a resource, with its key. */
export interface EffectiveTag {
  readonly key: Tag;
  readonly value: Tag;
  readonly inherited: boolean;
}

/** Tags: keys, values, what they are bound to, and what holds them. In the database and in memory. */
export interface Tags {
  readonly tags: Shelf<Tag>;
  readonly bindings: Shelf<TagBinding>;
  readonly holds: Shelf<TagHold>;
  /** The values of a key. */
  valuesOf(key: string): readonly Tag[];
  /** What counts on a resource: its full names, from itself to its organisation. The nearest value of a key counts. */
  effective(resources: readonly string[]): readonly EffectiveTag[];
  /** Whether any resource has a tag. */
  empty(): boolean;
}

/** Things of one kind by name. */
export interface Shelf<T> {
  get(name: string): T | undefined;
  all(): readonly T[];
  put(name: string, thing: T): T;
  delete(name: string): void;
}

export function bindingName({ parent, tagValue }: TagBinding): string {
  return `tagBindings/${encodeURIComponent(parent)}/${tagValue}`;
}

export function createTags(db: OpenDatabase): Tags {
  const tags = shelf<Tag>(db, "tags");
  const bindings = shelf<TagBinding>(db, "tag_bindings");
  return {
    tags,
    bindings,
    holds: shelf<TagHold>(db, "tag_holds"),
    valuesOf: (key) => tags.all().filter(({ parent }) => parent === key),
    effective: (resources) => {
      const found = new Map<string, EffectiveTag>();
      for (const [index, resource] of resources.entries()) {
        for (const { parent, tagValue } of bindings.all()) {
          if (parent !== resource) continue;
          const value = tags.get(tagValue);
          const key = value === undefined ? undefined : tags.get(value.parent);
          if (value === undefined || key === undefined || found.has(key.name)) continue;
          found.set(key.name, { key, value, inherited: index > 0 });
        }
      }
      return [...found.values()];
    },
    empty: () => bindings.all().length === 0,
  };
}

export function shelf<T>(db: OpenDatabase, table: string): Shelf<T> {
  db.define(`CREATE TABLE IF NOT EXISTS ${table} (name TEXT PRIMARY KEY, thing TEXT NOT NULL)`);
  const things = new Map<string, T>();
  let sorted: readonly T[] | undefined;
  const read = (): void => {
    things.clear();
    sorted = undefined;
    for (const row of db.prepare(`SELECT name, thing FROM ${table} ORDER BY name`).iterate()) {
      things.set(String(row.name), JSON.parse(String(row.thing)) as T);
    }
  };
  read();
  const touch = rereadAfterRollback(db, read);
  return {
    get: (name) => things.get(name),
    all: () => {
      sorted ??= [...things.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, thing]) => thing);
      return sorted;
    },
    put: (name, thing) => {
      db.prepare(
        `INSERT INTO ${table} (name, thing) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET thing = excluded.thing`,
      ).run(name, JSON.stringify(thing));
      things.set(name, thing);
      sorted = undefined;
      touch();
      return thing;
    },
    delete: (name) => {
      db.prepare(`DELETE FROM ${table} WHERE name = ?`).run(name);
      things.delete(name);
      sorted = undefined;
      touch();
    },
  };
}
