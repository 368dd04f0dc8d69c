import type { MovableClock } from "@aloft/kit/clock";
import type { Binding, Policy } from "../host.ts";
import { type OpenDatabase, rereadAfterRollback } from "../store/database.ts";
import { RpcError } from "../wire/rpc-error.ts";
import { isTeam } from "./teams.ts";

/** The etag of a policy that nobody has set, as Google's. */
export const unsetEtag = "ACAB";

/** A role that a binding gives, as long as its condition (an expression of CEL) holds. */
export interface Grant {
  readonly role: string;
  readonly condition?: string;
}

/** A policy with what permission checks ask of it. */
export interface HeldPolicy {
  readonly policy: Policy;
  /** What each member is given. */
  readonly grantsOf: ReadonlyMap<string, readonly Grant[]>;
  /** Those of the members that are teams of projects: `projectOwner:demo`. */
  readonly teams: readonly string[];
}

/** IAM policies by resource, in the database and in memory. */
export interface Policies {
  /** Undefined when none is set on this very resource. */
  held(resource: string): HeldPolicy | undefined;
  /** The same as decisions go by it: one that was set a moment ago may not count yet. */
  effective(resource: string): HeldPolicy | undefined;
  get(resource: string): Policy;
  /**
   * Normalises and stores; it counts after `lagMs`, at once by default. Throws ABORTED when `etag` is given and is not
   * the present one.
   */
  put(resource: string, policy: Omit<Policy, "etag"> & { readonly etag?: string }, lagMs?: number): Policy;
  removeUnder(prefix: string): void;
  /** Changes members everywhere: what becomes of an account's bindings when it is deleted, or comes back. */
  renameMember(from: string, to: string): void;
}

/** A policy, or none, and from when on it counts. */
interface Step {
  readonly held: HeldPolicy | undefined;
  readonly fromMs: number;
}

export function createPolicies(db: OpenDatabase, clock: MovableClock): Policies {
  db.define(`
    CREATE TABLE IF NOT EXISTS iam_policies (resource TEXT PRIMARY KEY, policy TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS iam_policies_late (
      resource TEXT NOT NULL, step INTEGER NOT NULL, from_ms INTEGER NOT NULL, policy TEXT,
      PRIMARY KEY (resource, step)
    )
  `);
  const cache = new Map<string, HeldPolicy>();
  // What decisions go by while a change is on its way, oldest first.
  const spreading = new Map<string, readonly Step[]>();
  const read = (): void => {
    cache.clear();
    spreading.clear();
    for (const row of db.prepare("SELECT resource, policy FROM iam_policies").iterate()) {
      cache.set(String(row.resource), hold(JSON.parse(String(row.policy)) as Policy));
    }
    for (const row of db.prepare("SELECT resource, from_ms, policy FROM iam_policies_late ORDER BY step").iterate()) {
      const held = row.policy === null ? undefined : hold(JSON.parse(String(row.policy)) as Policy);
      const steps = spreading.get(String(row.resource)) ?? [];
      spreading.set(String(row.resource), [...steps, { held, fromMs: Number(row.from_ms) }]);
    }
  };
  read();
  const touch = rereadAfterRollback(db, read);

  const effective = (resource: string): HeldPolicy | undefined => {
    const steps = spreading.size === 0 ? undefined : spreading.get(resource);
    if (steps === undefined) return cache.get(resource);
    const now = clock.now();
    if ((steps.at(-1)?.fromMs ?? 0) <= now) {
      spreading.delete(resource);
      return cache.get(resource);
    }
    return steps.findLast(({ fromMs }) => fromMs <= now)?.held;
  };

  /** Those before a change; what has long arrived is one step. */
  const stepsOf = (resource: string, before: HeldPolicy | undefined): readonly Step[] => {
    const steps = spreading.get(resource) ?? [{ held: before, fromMs: 0 }];
    return steps.slice(
      Math.max(
        0,
        steps.findLastIndex(({ fromMs }) => fromMs <= clock.now()),
      ),
    );
  };

  const spread = (resource: string, steps: readonly Step[]): void => {
    if (steps.length === 0 && !spreading.delete(resource)) return;
    if (steps.length > 0) spreading.set(resource, steps);
    db.prepare("DELETE FROM iam_policies_late WHERE resource = ?").run(resource);
    const add = db.prepare("INSERT INTO iam_policies_late (resource, step, from_ms, policy) VALUES (?, ?, ?, ?)");
    steps.forEach(({ held, fromMs }, step) => {
      add.run(resource, step, fromMs, held === undefined ? null : JSON.stringify(held.policy));
    });
  };

  const store = (resource: string, content: Omit<Policy, "etag">, lagMs = 0): Policy => {
    const policy: Policy = {
      version: content.version,
      bindings: normalise(content.bindings),
      ...(content.auditConfigs && content.auditConfigs.length > 0 ? { auditConfigs: content.auditConfigs } : {}),
      etag: policyEtag(clock.now(), cache.get(resource)?.policy.etag),
    };
    db.prepare(
      "INSERT INTO iam_policies (resource, policy) VALUES (?, ?) ON CONFLICT (resource) DO UPDATE SET policy = excluded.policy",
    ).run(resource, JSON.stringify(policy));
    const before = cache.get(resource);
    const held = hold(policy);
    cache.set(resource, held);
    spread(resource, lagMs === 0 ? [] : [...stepsOf(resource, before), { held, fromMs: clock.now() + lagMs }]);
    touch();
    return policy;
  };

  const get = (resource: string): Policy =>
    cache.get(resource)?.policy ?? { version: 1, bindings: [], etag: unsetEtag };

  return {
    held: (resource) => cache.get(resource),
    effective,
    get,
    put: (resource, policy, lagMs) => {
      if (policy.etag && policy.etag !== get(resource).etag) throw concurrentChange();
      return store(resource, policy, lagMs);
    },
    removeUnder: (prefix) => {
      db.prepare("DELETE FROM iam_policies WHERE resource = ? OR substr(resource, 1, ?) = ?").run(
        prefix,
        prefix.length + 1,
        `${prefix}/`,
      );
      touch();
      for (const resource of [...cache.keys()]) {
        if (resource !== prefix && !resource.startsWith(`${prefix}/`)) continue;
        cache.delete(resource);
        spread(resource, []);
      }
    },
    renameMember: (from, to) => {
      db.tx(() => {
        for (const [resource, { policy, grantsOf }] of [...cache]) {
          if (!grantsOf.has(from)) continue;
          const bindings = policy.bindings.map((binding) => ({
            ...binding,
            members: binding.members.map((member) => (member === from ? to : member)),
          }));
          store(resource, { ...policy, bindings });
        }
      });
    },
  };
}

/** 409 as Google answers a read-modify-write that came too late. */
export function concurrentChange(): RpcError {
  return new RpcError(
    "ABORTED",
    "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff. The request's ETag did not match the current policy's ETag.",
  );
}

function hold(policy: Policy): HeldPolicy {
  const grantsOf = new Map<string, Grant[]>();
  for (const { role, members, condition } of policy.bindings) {
    const grant: Grant = condition === undefined ? { role } : { role, condition: condition.expression };
    for (const member of members) {
      const grants = grantsOf.get(member);
      if (grants === undefined) grantsOf.set(member, [grant]);
      else grants.push(grant);
    }
  }
  return { policy, grantsOf, teams: [...grantsOf.keys()].filter(isTeam) };
}

/** As Google gives a policy back: one binding a role, sorted, each member once, none without members. */
function normalise(bindings: readonly Binding[]): Binding[] {
  const merged = new Map<string, { binding: Binding; members: Set<string> }>();
  for (const binding of bindings) {
    const key = JSON.stringify([binding.role, binding.condition ?? null]);
    const entry = merged.get(key) ?? { binding, members: new Set<string>() };
    for (const member of binding.members) entry.members.add(member);
    merged.set(key, entry);
  }
  return [...merged]
    .filter(([, { members }]) => members.size > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { binding, members }]) => ({ ...binding, members: [...members].sort() }));
}

let lastEtagMicros = 0;

/** Eight bytes in base64, the first 7, then the time in microseconds: the form of Google's (`BwXE56QgxWk=`). */
export function policyEtag(nowMs: number, previous: string | undefined): string {
  lastEtagMicros = Math.max(lastEtagMicros + 1, Math.floor(nowMs * 1000));
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(lastEtagMicros));
  bytes[0] = 7;
  const etag = bytes.toString("base64");
  return etag === previous ? policyEtag(nowMs, previous) : etag;
}
