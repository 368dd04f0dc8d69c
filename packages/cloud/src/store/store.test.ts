import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createClock } from "@aloft/kit/clock";
import { Failure } from "@aloft/kit/failure";
import { seededIds } from "@aloft/kit/ids";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SecretSchema } from "../../gen/types/google/cloud/secretmanager/v1/resources_pb.js";
import { createSchemas } from "../wire/schemas.ts";
import { collection } from "./collection.ts";
import { createDatabase, schemaVersion } from "./database.ts";
import { createLogs } from "./logs.ts";
import { createVault } from "./vault.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "aloft-store-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function failureOf(work: () => unknown): Failure {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
  throw new Error("nothing was thrown");
}

describe("database", () => {
  test("what was written is there after it was opened again, also without a close", () => {
    const file = join(dir, "state.db");
    const first = createDatabase({ file });
    first.define("CREATE TABLE t (x)");
    first.tx(() => first.prepare("INSERT INTO t VALUES (?)").run(1));
    const second = createDatabase({ file });
    expect(second.prepare("SELECT x FROM t").all()).toEqual([{ x: 1 }]);
    for (const name of [file, `${file}-wal`]) expect(statSync(name).mode & 0o777).toBe(0o600);
    first.close();
    second.close();
  });

  test("a transaction that throws changes nothing; a nested one undoes its own writes alone", () => {
    const db = createDatabase();
    db.define("CREATE TABLE t (x)");
    const insert = (x: number) => db.prepare("INSERT INTO t VALUES (?)").run(x);
    const fail = (work: () => void) => () => {
      work();
      throw new Error("no");
    };
    expect(() => db.tx(fail(() => insert(1)))).toThrow("no");
    db.tx(() => {
      insert(2);
      expect(() => db.tx(fail(() => insert(3)))).toThrow("no");
      db.tx(() => insert(4));
    });
    expect(db.prepare("SELECT x FROM t ORDER BY x").all()).toEqual([{ x: 2 }, { x: 4 }]);
    db.close();
  });

  test("transactions together are one: each undoes its own writes alone, and a failure at the end undoes them all", () => {
    const db = createDatabase();
    db.define(
      "CREATE TABLE t (x); CREATE TABLE u (x REFERENCES v DEFERRABLE INITIALLY DEFERRED); CREATE TABLE v (x PRIMARY KEY)",
    );
    const insert = (x: number) => db.tx(() => db.prepare("INSERT INTO t VALUES (?)").run(x));
    const kept = () =>
      db
        .prepare("SELECT x FROM t")
        .all()
        .map(({ x }) => x);
    let undone = 0;
    db.onRollback(() => undone++);
    const answer = db.together(() => {
      insert(1);
      expect(() =>
        db.tx(() => {
          insert(2);
          throw new Error("no");
        }),
      ).toThrow("no");
      db.together(() => insert(3));
      return "done";
    });
    expect([answer, kept(), undone, db.sql.isTransaction]).toEqual(["done", [1, 3], 1, false]);
    expect(() =>
      db.together(() => {
        insert(4);
        db.prepare("INSERT INTO u VALUES (7)").run();
      }),
    ).toThrow("FOREIGN KEY");
    expect([kept(), undone, db.sql.isTransaction]).toEqual([[1, 3], 2, false]);
    insert(5);
    expect(kept()).toEqual([1, 3, 5]);
  });

  test("a state file of a newer version is refused and left as it is", () => {
    const file = join(dir, "state.db");
    const newer = new DatabaseSync(file);
    newer.exec(`CREATE TABLE t (x); PRAGMA user_version = ${schemaVersion + 1}`);
    newer.close();
    const before = readFileSync(file);
    expect(failureOf(() => createDatabase({ file })).code).toBe("STATE_TOO_NEW");
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test.each([
    ["text", (file: string) => writeFileSync(file, "not a database at all".repeat(20))],
    [
      "a damaged page",
      (file: string) => {
        const db = new DatabaseSync(file);
        db.exec("CREATE TABLE t (x TEXT)");
        for (let i = 0; i < 200; i++) db.prepare("INSERT INTO t VALUES (?)").run("x".repeat(200));
        db.close();
        const bytes = readFileSync(file);
        bytes.fill(0xff, 8192, 8192 + 4096);
        writeFileSync(file, bytes);
      },
    ],
    [
      "half a file",
      (file: string) => {
        const db = new DatabaseSync(file);
        db.exec("CREATE TABLE t (x TEXT)");
        for (let i = 0; i < 200; i++) db.prepare("INSERT INTO t VALUES (?)").run("x".repeat(200));
        db.close();
        truncateSync(file, 8192);
      },
    ],
  ])("%s is no state file: it is named and left as it is", (_, damage) => {
    const file = join(dir, "state.db");
    damage(file);
    const before = readFileSync(file);
    const failure = failureOf(() => createDatabase({ file }));
    expect(failure.code).toBe("STATE_CORRUPT");
    expect(failure.what).toContain(file);
    expect(readFileSync(file).equals(before)).toBe(true);
  });
});

describe("vault", () => {
  test("a payload opens with its context alone, also after a restart, and its key is the owner's to read", () => {
    const text = Buffer.from("canary");
    const sealed = createVault({ dir }).seal(text, "a");
    expect(Buffer.from(sealed).includes(text)).toBe(false);
    expect(Buffer.from(createVault({ dir }).open(sealed, "a"))).toEqual(text);
    expect(statSync(join(dir, "vault.key")).mode & 0o777).toBe(0o600);
    expect(failureOf(() => createVault({ dir }).open(sealed, "b")).code).toBe("STATE_CORRUPT");
  });

  test("a changed payload, and another key, open nothing", () => {
    const vault = createVault({ dir });
    const sealed = vault.seal(Buffer.from("canary"), "a");
    const changed = Uint8Array.from(sealed, (byte, i) => (i === 15 ? byte ^ 1 : byte));
    expect(failureOf(() => vault.open(changed, "a")).code).toBe("STATE_CORRUPT");
    expect(failureOf(() => createVault().open(sealed, "a")).code).toBe("STATE_CORRUPT");
    writeFileSync(join(dir, "vault.key"), "short");
    expect(failureOf(() => createVault({ dir })).code).toBe("STATE_CORRUPT");
  });
});

describe("collection", () => {
  const make = (order: "name" | "newest") => {
    const db = createDatabase();
    const schemas = createSchemas();
    const schema = schemas.message<typeof SecretSchema>("google.cloud.secretmanager.v1.Secret");
    const secrets = collection({ db, schemas, schema, table: "secrets", order });
    const add = (name: string) => secrets.insert(name, schemas.create(schema, { name, labels: { for: name } }));
    return { secrets, add };
  };

  test("keeps whole messages by name, and a name once", () => {
    const { secrets, add } = make("name");
    expect(add("projects/p/secrets/a")).toBe(true);
    expect(add("projects/p/secrets/a")).toBe(false);
    expect(secrets.get("projects/p/secrets/a")?.labels).toEqual({ for: "projects/p/secrets/a" });
    expect(secrets.count("projects/p")).toBe(1);
    expect(secrets.delete("projects/p/secrets/a")).toBe(true);
    expect(secrets.delete("projects/p/secrets/a")).toBe(false);
  });

  test.each(["name", "newest"] as const)("pages by %s stay whole while others come and go", (order) => {
    const { secrets, add } = make(order);
    for (const id of ["a", "b", "c", "d", "e"]) add(`projects/p/secrets/${id}`);
    add("projects/q/secrets/x");
    const first = secrets.list({ parent: "projects/p", pageSize: 2 });
    secrets.delete(first.items[1]?.name ?? "");
    const second = secrets.list({ parent: "projects/p", pageSize: 2, pageToken: first.nextPageToken });
    const third = secrets.list({ parent: "projects/p", pageSize: 2, pageToken: second.nextPageToken });
    const names = [...first.items, ...second.items, ...third.items].map(({ name }) => name.at(-1));
    expect(names).toEqual(order === "name" ? ["a", "b", "c", "d", "e"] : ["e", "d", "c", "b", "a"]);
    expect(third.nextPageToken).toBe("");
  });

  test("a filter fills its pages, and a token of another list is refused", () => {
    const { secrets, add } = make("name");
    for (const id of ["a1", "b", "a2", "c", "a3"]) add(`projects/p/secrets/${id}`);
    const where = (secret: { readonly name: string }) => secret.name.includes("/a");
    const page = secrets.list({ parent: "projects/p", pageSize: 2, where });
    expect(page.items).toHaveLength(2);
    expect(
      secrets.list({ parent: "projects/p", pageSize: 2, where, pageToken: page.nextPageToken }).items,
    ).toHaveLength(1);
    expect(() => secrets.list({ parent: "projects/q", pageToken: page.nextPageToken })).toThrow("page token");
    expect(() => secrets.list({ parent: "projects/p", pageToken: "x" })).toThrow("page token");
  });
});

describe("logs", () => {
  const entry = { logName: "projects/p/logs/x", resource: { type: "global", labels: {} } };

  test("entries come in the order of their times, either way, from a place on", () => {
    const clock = createClock({ frozenAt: 1_800_000_000_000 });
    const logs = createLogs({ db: createDatabase(), clock, ids: seededIds("logs") });
    for (const [text, back] of [
      ["late", 0],
      ["early", 5000],
      ["middle", 1000],
    ] as const) {
      logs.write({ ...entry, textPayload: text, timeMs: clock.now() - back });
    }
    const texts = (options: { newestFirst?: boolean; after?: string }) =>
      [...logs.query({ projects: ["p"], ...options })].map((row) => row.entry.textPayload);
    expect(texts({})).toEqual(["early", "middle", "late"]);
    expect(texts({ newestFirst: true })).toEqual(["late", "middle", "early"]);
    const [first] = logs.query({ projects: ["p"] });
    expect(texts({ after: first?.position ?? "" })).toEqual(["middle", "late"]);
    expect([...logs.query({ projects: ["q"] })]).toEqual([]);
  });

  test("one entry sent twice is kept once, and old ones go when there are many", () => {
    const db = createDatabase();
    const logs = createLogs({ db, clock: createClock(), ids: seededIds("logs"), keep: 1000 });
    const timeMs = Date.now();
    for (let i = 0; i < 2; i++) logs.write({ ...entry, insertId: "same", timeMs });
    expect([...logs.query({ projects: ["p"] })]).toHaveLength(1);
    for (let i = 0; i < 6000; i++) logs.write({ ...entry, textPayload: String(i) });
    logs.flush();
    const kept = [...logs.query({ projects: ["p"] })];
    expect(kept.length).toBeLessThan(2500);
    expect(kept.at(-1)?.entry.textPayload).toBe("5999");
  });

  test("what comes again and again is kept once, and read in its place among the rest", () => {
    const db = createDatabase();
    const clock = createClock({ frozenAt: 1_800_000_000_000 });
    const logs = createLogs({ db, clock, ids: seededIds("logs"), keep: 1000 });
    const [often, rare] = ["often", "rare"].map((textPayload) => logs.repeatable({ ...entry, textPayload }));
    if (often === undefined || rare === undefined) throw new Error("none");
    for (let round = 0; round < 20; round++) {
      logs.repeat(often);
      if (round % 10 === 0) logs.repeat(rare);
      if (round % 5 === 0) logs.write({ ...entry, textPayload: `single ${round}` });
      clock.advance(1);
      if (round === 11) logs.flush();
    }
    const read = (query: { newestFirst?: boolean; after?: string; fromMs?: number; toMs?: number }) => [
      ...logs.query({ projects: ["p"], ...query }),
    ];
    const rows = read({});
    const texts = rows.map((row) => row.entry.textPayload);
    expect(texts.filter((text) => text === "often")).toHaveLength(20);
    expect(texts).toHaveLength(26);
    const times = rows.map((row) => row.entry.timestamp);
    expect(times).toEqual(times.toSorted());
    expect(new Set(rows.map((row) => row.entry.insertId)).size).toBe(26);
    expect(read({ newestFirst: true }).map((row) => row.position)).toEqual(
      rows.map((row) => row.position).toReversed(),
    );
    for (const at of [0, 7, 25]) {
      expect(read({ after: rows[at]?.position ?? "" })).toEqual(rows.slice(at + 1));
    }
    expect(read({ fromMs: clock.now() - 15, toMs: clock.now() - 11 })).toHaveLength(6);
    expect(db.prepare("SELECT count(*) AS n FROM log_entries").get()?.n).toBe(6);

    const heard: unknown[] = [];
    logs.subscribe((each) => heard.push(each.textPayload));
    logs.repeat(often);
    expect(heard).toEqual(["often"]);
    for (let i = 0; i < 6000; i++) logs.repeat(often);
    logs.flush();
    expect(read({}).length).toBeLessThan(6100);
    expect(logs.names(["p"])).toEqual(["projects/p/logs/x"]);
    expect(logs.remove("projects/p/logs/x")).toBeGreaterThan(900);
    expect(read({})).toEqual([]);
  });
});
