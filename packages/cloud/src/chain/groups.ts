import { type OpenDatabase, rereadAfterRollback } from "../store/database.ts";

/** A group of people and accounts, as policies name it: `group:devs@example.com`. */
export interface Group {
  /** `devs@example.com` */
  readonly group: string;
  /** `user:ann@example.com`, `serviceAccount:…`, `group:…` */
  readonly members: readonly string[];
}

/** Who is in which group. Google has them in Cloud Identity; here the laptop's user says it. */
export interface Groups {
  /** By name. */
  list(): readonly Group[];
  has(group: string): boolean;
  add(group: string, members: readonly string[]): void;
  /** Takes these members out; the group itself goes with its last one, or when none are named. */
  remove(group: string, members?: readonly string[]): void;
  /** The groups (`group:…`) of who goes by these names, also those that they are in by another group. */
  of(names: readonly string[]): readonly string[];
}

export function createGroups(db: OpenDatabase): Groups {
  db.define(`
    CREATE TABLE IF NOT EXISTS group_members (
      group_email TEXT NOT NULL, member TEXT NOT NULL, PRIMARY KEY (group_email, member)
    )
  `);
  const groupsOf = new Map<string, Set<string>>();
  const read = (): void => {
    groupsOf.clear();
    for (const { group_email: group, member } of db.prepare("SELECT * FROM group_members").iterate()) {
      const groups = groupsOf.get(String(member)) ?? new Set();
      groupsOf.set(String(member), groups.add(`group:${group}`));
    }
  };
  read();
  const touch = rereadAfterRollback(db, read);
  const changed = (): void => {
    read();
    touch();
  };

  const list = (): Group[] => {
    const all = new Map<string, string[]>();
    for (const row of db.prepare("SELECT * FROM group_members ORDER BY group_email, member").iterate()) {
      const members = all.get(String(row.group_email)) ?? [];
      all.set(String(row.group_email), [...members, String(row.member)]);
    }
    return [...all].map(([group, members]) => ({ group, members }));
  };

  return {
    list,
    has: (group) => db.prepare("SELECT 1 FROM group_members WHERE group_email = ? LIMIT 1").get(group) !== undefined,
    add: (group, members) => {
      const put = db.prepare("INSERT INTO group_members (group_email, member) VALUES (?, ?) ON CONFLICT DO NOTHING");
      for (const member of members) put.run(group, member);
      changed();
    },
    remove: (group, members) => {
      if (members === undefined) db.prepare("DELETE FROM group_members WHERE group_email = ?").run(group);
      const drop = db.prepare("DELETE FROM group_members WHERE group_email = ? AND member = ?");
      for (const member of members ?? []) drop.run(group, member);
      changed();
    },
    of: (names) => {
      if (groupsOf.size === 0) return [];
      const found = new Set<string>();
      for (let queue = [...names]; queue.length > 0; ) {
        const next = queue.flatMap((name) => [...(groupsOf.get(name) ?? [])]).filter((group) => !found.has(group));
        for (const group of next) found.add(group);
        queue = next;
      }
      return [...found];
    },
  };
}
