import { type ApiCall, type Google, GoogleError } from "@aloft/google";
import { Redacted } from "@aloft/kit/redaction";
import { expect, test } from "vitest";
import { derivedSecret } from "./derived-secret.ts";
import type { KindContext, Want } from "./kind.ts";
import { edited, membersOf } from "./lib/policy.ts";
import { observeSecret } from "./lib/secrets.ts";
import { redis } from "./redis.ts";
import { secret } from "./secret.ts";

const place = { app: "shop", env: "staging", project: "p", region: "us-central1" };
const ours = { "managed-by": "aloft", "aloft-app": "shop", "aloft-env": "staging" };
const want = <Spec>(spec: Spec): Want<Spec> => ({ address: "secret/A", id: "A", spec, place });
const wanted = want({ wanted: true });

test("secret: made where it is missing, adopted where it is nobody's, in sync where it is ours", () => {
  expect(secret.diff(wanted, undefined)).toEqual([{ op: "create", why: "" }]);
  expect(secret.diff(wanted, { labels: { team: "x" } })).toEqual([{ op: "update", field: "labels", why: "adopted" }]);
  expect(secret.diff(wanted, { labels: { ...ours, team: "x" }, version: "3" })).toEqual([]);
});

test("secret: without a value it blocks, and says with what it is set", () => {
  const missing = {
    code: "SECRET_VALUES_MISSING",
    what: "secret A has no value",
    next: "aloft secrets set A --env staging",
  };
  expect(secret.blockers?.(wanted, { labels: ours })).toMatchObject([missing]);
  expect(secret.blockers?.(wanted, undefined)).toMatchObject([missing]);
  expect(secret.blockers?.(wanted, { labels: ours, version: "1" })).toEqual([]);
  expect(secret.blockers?.(want({ wanted: false }), { labels: ours })).toEqual([]);
});

test("secret: another app's or environment's is never taken", () => {
  const theirs = { labels: { ...ours, "aloft-env": "prod" }, version: "1" };
  expect(secret.blockers?.(wanted, theirs)).toMatchObject([{ what: "A is there already and belongs to shop (prod)" }]);
});

test("secret: the newest version is found where latest is behind, by its number", async () => {
  const versions = ["ENABLED", "DISABLED", "ENABLED"];
  const asked: string[] = [];
  const request = async ({ path }: ApiCall): Promise<unknown> => {
    asked.push(path);
    const name = /versions\/(\w+)$/.exec(path)?.[1];
    if (name === undefined) return { name: "projects/1/secrets/A", labels: ours };
    const number = name === "latest" ? 1 : Number(name);
    const state = versions[number - 1];
    if (state === undefined) throw new GoogleError({ status: 404, code: "NOT_FOUND", message: "", call: path });
    return { name: `projects/1/secrets/A/versions/${number}`, state };
  };
  const google = { request } as unknown as Google;
  expect(await observeSecret("A", { google, place } as KindContext)).toMatchObject({ version: "3" });
  expect(asked).toContain("v1/projects/p/secrets/A/versions/4");
});

test("derived secret: a version is added when the value differs, and nothing shows the value", () => {
  const have = { labels: ours, version: "1", value: new Redacted("redis://10.0.0.3:6379/0") };
  const same = want({ value: "redis://10.0.0.3:6379/0" });
  const moved = want({ value: "redis://10.0.0.9:6379/0" });
  expect(derivedSecret.diff(same, have)).toEqual([]);
  expect(derivedSecret.outputs(same, have)).toEqual({ version: "1" });
  expect(derivedSecret.diff(moved, have)).toEqual([{ op: "update", field: "value", why: "version 1 → new" }]);
  expect(derivedSecret.outputs(moved, have)).toEqual({});
  const later = want({ value: { $ref: "redis/queue", output: "url" } as const });
  expect(derivedSecret.diff(later, have)).toMatchObject([{ why: "version 1 → new after redis/queue" }]);
  expect(JSON.stringify(derivedSecret.diff(moved, have))).not.toContain("10.0.0");
});

test("redis: memory and labels are changed in place, tier and network never, a working one is waited for", () => {
  const spec = { memoryGiB: 1, tier: "BASIC", network: "default", labels: {} } as const;
  const have = {
    name: "x",
    state: "READY",
    tier: "BASIC",
    memorySizeGb: 1,
    labels: ours,
    host: "10.0.0.3",
    port: 6379,
  };
  expect(redis.diff(want(spec), have)).toEqual([]);
  expect(redis.outputs(want(spec), have)).toEqual({ host: "10.0.0.3", port: "6379", url: "redis://10.0.0.3:6379/0" });
  expect(redis.diff(want({ ...spec, memoryGiB: 2 }), have)).toEqual([
    { op: "update", field: "memorySizeGb", why: "memory 1Gi → 2Gi" },
  ]);
  expect(redis.diff(want(spec), { ...have, state: "CREATING" })).toEqual([{ op: "repair", why: "state CREATING" }]);
  expect(redis.blockers?.(want({ ...spec, tier: "STANDARD_HA" }), have)).toMatchObject([
    { code: "CONFIG_INVALID", what: expect.stringContaining("tier BASIC → STANDARD_HA") },
  ]);
});

test("policy: a member is added and dropped beside what others put there, conditions stay", () => {
  const role = "roles/secretmanager.secretAccessor";
  const conditional = { role, members: ["user:c"], condition: { expression: "true" } };
  const policy = { etag: "e", version: 1, bindings: [{ role: "roles/x", members: ["user:a"] }, conditional] };
  const next = edited(policy, role, { add: ["serviceAccount:s"] });
  expect(next).toEqual({
    etag: "e",
    version: 3,
    bindings: [...policy.bindings, { role, members: ["serviceAccount:s"] }],
  });
  expect(membersOf(next, role)).toEqual(["serviceAccount:s"]);
  expect(edited(next, role, { add: ["serviceAccount:s"] })).toBe(next);
  expect(membersOf(edited(next, role, { drop: ["serviceAccount:s"] }), role)).toEqual([]);
});
