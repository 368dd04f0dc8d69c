import type { MovableClock } from "@aloft/kit/clock";
import type { Ids } from "@aloft/kit/ids";
import { type OpenDatabase, rereadAfterRollback } from "../store/database.ts";

/** A service account as it is kept. */
export interface Account {
  readonly email: string;
  readonly projectId: string;
  /** 21 decimal digits; never used again, unlike the e-mail. */
  readonly uniqueId: string;
  readonly displayName: string;
  readonly description: string;
  readonly disabled: boolean;
  readonly etag: string;
  readonly createdMs: number;
  /** When it was deleted; it can come back for 30 days. */
  readonly deletedMs?: number;
}

export type AccountChange = Partial<Pick<Account, "displayName" | "description" | "disabled">>;

const undeleteWithinMs = 30 * 24 * 3_600_000;

/** The service accounts of all projects: in the database, and in memory for the check of every call. */
export interface Accounts {
  /** A live one, by e-mail or unique id. */
  get(emailOrId: string): Account | undefined;
  /** A deleted one that may still come back, by unique id (the newest of that e-mail, by e-mail). */
  deleted(idOrEmail: string): Account | undefined;
  /** Those of a project, by e-mail. */
  list(projectId: string): readonly Account[];
  /** Undefined when the e-mail is taken. */
  create(account: {
    readonly email: string;
    readonly projectId: string;
    readonly displayName?: string;
    readonly description?: string;
  }): Account | undefined;
  update(email: string, change: AccountChange): Account;
  delete(email: string): Account;
  undelete(uniqueId: string): Account;
}

export function createAccounts(parts: { db: OpenDatabase; clock: MovableClock; ids: Ids }): Accounts {
  const { db, clock, ids } = parts;
  db.define(`
    CREATE TABLE IF NOT EXISTS service_accounts (
      unique_id TEXT PRIMARY KEY, email TEXT NOT NULL, project TEXT NOT NULL, account TEXT NOT NULL
    )
  `);
  const byId = new Map<string, Account>();
  const live = new Map<string, Account>();
  const remember = (account: Account): void => {
    byId.set(account.uniqueId, account);
    if (account.deletedMs === undefined) live.set(account.email, account);
    else if (live.get(account.email)?.uniqueId === account.uniqueId) live.delete(account.email);
  };
  const read = (): void => {
    byId.clear();
    live.clear();
    for (const row of db.prepare("SELECT account FROM service_accounts").iterate()) {
      remember(JSON.parse(String(row.account)) as Account);
    }
  };
  read();
  const touch = rereadAfterRollback(db, read);

  const save = (account: Account): Account => {
    db.prepare(
      `INSERT INTO service_accounts (unique_id, email, project, account) VALUES (?, ?, ?, ?)
       ON CONFLICT (unique_id) DO UPDATE SET account = excluded.account`,
    ).run(account.uniqueId, account.email, account.projectId, JSON.stringify(account));
    remember(account);
    touch();
    return account;
  };

  const must = (email: string): Account => {
    const account = live.get(email);
    if (account === undefined) throw new Error(`no service account ${email}`);
    return account;
  };
  const revival = (account: Account | undefined): account is Account =>
    account?.deletedMs !== undefined && clock.now() - account.deletedMs < undeleteWithinMs;

  return {
    get: (emailOrId) => live.get(emailOrId) ?? alive(byId.get(emailOrId)),
    deleted: (idOrEmail) => {
      const account =
        byId.get(idOrEmail) ??
        [...byId.values()]
          .filter(({ email, deletedMs }) => email === idOrEmail && deletedMs !== undefined)
          .sort((a, b) => (b.deletedMs ?? 0) - (a.deletedMs ?? 0))[0];
      return revival(account) ? account : undefined;
    },
    list: (projectId) =>
      [...live.values()].filter((a) => a.projectId === projectId).sort((a, b) => (a.email < b.email ? -1 : 1)),
    create: ({ email, projectId, displayName = "", description = "" }) => {
      if (live.has(email)) return undefined;
      const uniqueId = `1${ids.digits(20)}`;
      const etag = freshEtag(clock.now());
      return save({
        email,
        projectId,
        uniqueId,
        displayName,
        description,
        disabled: false,
        etag,
        createdMs: clock.now(),
      });
    },
    update: (email, change) => save({ ...must(email), ...change, etag: freshEtag(clock.now()) }),
    delete: (email) => save({ ...must(email), deletedMs: clock.now() }),
    undelete: (uniqueId) => {
      const account = byId.get(uniqueId);
      if (!revival(account)) throw new Error(`no deleted service account ${uniqueId}`);
      const { deletedMs: _, ...rest } = account;
      return save(rest);
    },
  };
}

/** `NUMBER-compute@developer.gserviceaccount.com`, what Cloud Run runs as when nothing else is said. */
export function computeAccountOf(projectNumber: string): string {
  return `${projectNumber}-compute@developer.gserviceaccount.com`;
}

function alive(account: Account | undefined): Account | undefined {
  return account?.deletedMs === undefined ? account : undefined;
}

let etags = 0;
/** Base64 of eight digits, as Google's (`MDEwMjE5MjA=`). */
function freshEtag(now: number): string {
  etags = (etags + 1) % 1000;
  return Buffer.from(String((Math.floor(now / 10) * 1000 + etags) % 1e8).padStart(8, "0")).toString("base64");
}
