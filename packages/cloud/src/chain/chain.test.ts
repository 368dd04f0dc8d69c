import { createClock } from "@aloft/kit/clock";
import { seededIds } from "@aloft/kit/ids";
import { describe, expect, test } from "vitest";
import type { Iam } from "../host.ts";
import type { Principal } from "../service.ts";
import { createDatabase } from "../store/database.ts";
import { createVault } from "../store/vault.ts";
import { RpcError } from "../wire/rpc-error.ts";
import { createDirectory } from "./directory.ts";
import { placesOf } from "./iam.ts";
import { identify } from "./identity.ts";
import { createTokens } from "./tokens.ts";

const owner: Principal = { kind: "user", email: "you@local.aloft" };
const secret = "secretmanager.googleapis.com/projects/demo/secrets/s";
const access = "secretmanager.versions.access";

function world(mode: Iam["mode"] = "enforce") {
  const db = createDatabase();
  const clock = createClock({ frozenAt: 1_800_000_000_000 });
  const ids = seededIds("chain");
  const notes: string[] = [];
  const { projects, iam } = createDirectory({ db, clock, ids, mode, note: (_, text) => notes.push(text) });
  const project = projects.ensure("demo");
  const account = (id: string): Principal => {
    const email = `${id}@demo.iam.gserviceaccount.com`;
    const made = iam.accounts.create({ email, projectId: "demo" });
    return { kind: "serviceAccount", email, ...(made === undefined ? {} : { uniqueId: made.uniqueId }) };
  };
  return { db, clock, ids, projects, iam, project, account, notes };
}

function errorOf(work: () => unknown): RpcError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof RpcError) return thrown;
    throw thrown;
  }
  throw new Error("nothing was thrown");
}

describe("iam: who may do what", () => {
  test("policies of the resource and of all that holds it count together, those beside it do not", () => {
    const { iam, account } = world();
    const reader = account("reader");
    expect(iam.allowed(reader, access, `${secret}/versions/1`)).toBe(false);
    const member = `serviceAccount:${reader.email}`;
    iam.setPolicy(secret, {
      version: 1,
      bindings: [{ role: "roles/secretmanager.secretAccessor", members: [member] }],
    });
    expect(iam.allowed(reader, access, `${secret}/versions/1`)).toBe(true);
    expect(iam.allowed(reader, access, `${secret}2/versions/1`)).toBe(false);
    expect(iam.allowed(reader, "secretmanager.versions.add", secret)).toBe(false);
    expect(iam.allowed(owner, access, `${secret}/versions/1`)).toBe(true);
  });

  test("a refusal is in Google's words, with the permission and the resource", () => {
    const { iam, account } = world();
    const error = errorOf(() => iam.require(account("reader"), [access], `${secret}/versions/1`));
    expect(error.code).toBe("PERMISSION_DENIED");
    expect(error.message).toBe(
      "Permission 'secretmanager.versions.access' denied for resource 'projects/demo/secrets/s/versions/1' (or it may not exist).",
    );
    expect(error.details[0]).toMatchObject({
      reason: "IAM_PERMISSION_DENIED",
      domain: "iam.googleapis.com",
      metadata: { permission: access, resource: "projects/demo/secrets/s/versions/1" },
    });
  });

  test("explain lets through and says which role is missing; the truth stays to be asked", () => {
    const { iam, account, notes } = world("explain");
    const reader = account("reader");
    iam.require(reader, [access], secret);
    expect(notes.join()).toContain("roles/secretmanager.secretAccessor");
    expect(iam.holds(reader, access, secret)).toBe(false);
  });

  test("a policy that changed meanwhile is not overwritten", () => {
    const { iam } = world();
    const before = iam.policy("projects/demo");
    const after = iam.setPolicy("projects/demo", before);
    expect(after.etag).not.toBe(before.etag);
    const error = errorOf(() => iam.setPolicy("projects/demo", before));
    expect(error.code).toBe("ABORTED");
    expect(error.message).toContain("There were concurrent policy changes.");
    expect(errorOf(() => iam.setPolicy("projects/demo", { ...before, etag: "ACAB" })).code).toBe("ABORTED");
  });

  test.each([
    [
      "serviceAccount:nobody@demo.iam.gserviceaccount.com",
      "Service account nobody@demo.iam.gserviceaccount.com does not exist.",
    ],
    [
      "bob@example.com",
      "The member bob@example.com is of an unknown type. Please set a valid type prefix for the member.",
    ],
    ["user:bob", "Invalid member: user:bob"],
  ])("the member %s is refused", (member, words) => {
    const { iam } = world();
    const bindings = [{ role: "roles/run.invoker", members: [member] }];
    const error = errorOf(() => iam.setPolicy("projects/demo", { version: 1, bindings }));
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.message).toContain(words);
  });

  test("a misspelt role and a condition are refused, each clearly", () => {
    const { iam } = world();
    const set = (role: string, condition?: { expression: string }) =>
      errorOf(() =>
        iam.setPolicy("projects/demo", {
          version: 3,
          bindings: [{ role, members: ["user:a@example.com"], ...(condition ? { condition } : {}) }],
        }),
      );
    expect(set("roles/run.invokr").message).toBe("Role roles/run.invokr is not supported for this resource.");
    expect(set("roles/run.invoker", { expression: "request.path == '/a'" }).code).toBe("UNIMPLEMENTED");
  });

  test("policies and accounts are the same after a restart", () => {
    const { db, clock, ids, iam, account } = world();
    account("reader");
    const policy = iam.setPolicy(secret, {
      version: 1,
      bindings: [{ role: "roles/run.invoker", members: ["allUsers"] }],
    });
    const again = createDirectory({ db, clock, ids, mode: "enforce", note: () => undefined });
    expect(again.iam.policy(secret)).toEqual(policy);
    expect(again.iam.accounts.list("demo")).toEqual(iam.accounts.list("demo"));
    expect(again.projects.enabled("demo", "logging.googleapis.com")).toBe(true);
  });

  test("what a transaction that failed had written is not believed", () => {
    const { db, iam, projects, account } = world();
    const before = iam.policy("projects/demo");
    expect(() =>
      db.tx(() => {
        account("undone");
        iam.removePolicies("projects/demo");
        projects.setEnabled("demo", "run.googleapis.com", true);
        projects.ensure("other");
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(iam.policy("projects/demo")).toEqual(before);
    expect(iam.accounts.get("undone@demo.iam.gserviceaccount.com")).toBeUndefined();
    expect(projects.enabled("demo", "run.googleapis.com")).toBe(false);
    expect(projects.get("other")).toBeUndefined();
    expect(iam.policy("projects/other").bindings).toEqual([]);
  });

  test("the places of a resource's policies end at its project", () => {
    expect(placesOf("run.googleapis.com/projects/p/locations/r/services/s")).toEqual([
      "run.googleapis.com/projects/p/locations/r/services/s",
      "run.googleapis.com/projects/p/locations/r",
      "projects/p",
    ]);
    expect(placesOf("projects/p")).toEqual(["projects/p"]);
  });
});

describe("identity: who is calling", () => {
  const api = "secretmanager.googleapis.com";
  function gate() {
    const all = world();
    const tokens = createTokens({ db: all.db, vault: createVault(), clock: all.clock });
    const who = (authorization: string | undefined) =>
      identify(authorization, api, { tokens, iam: all.iam, isLocalAccount: () => true });
    return { ...all, tokens, who };
  }
  const reasonOf = (error: RpcError) => (error.details[0] as { reason?: string }).reason;

  test("a token stands for its caller until it expires by the cloud's clock", () => {
    const { tokens, who, clock } = gate();
    const { token } = tokens.access({ principal: owner, lifetimeS: 60 });
    expect(who(`Bearer ${token}`)).toEqual(owner);
    clock.advance(59_000);
    expect(who(`bearer ${token}`)).toEqual(owner);
    clock.advance(1_000);
    expect(reasonOf(errorOf(() => who(`Bearer ${token}`)))).toBe("ACCESS_TOKEN_EXPIRED");
  });

  test("no token, a foreign one and a changed one are refused as Google refuses them", () => {
    const { tokens, who } = gate();
    const none = errorOf(() => who(undefined));
    expect([none.code, reasonOf(none)]).toEqual(["UNAUTHENTICATED", "CREDENTIALS_MISSING"]);
    expect(none.headers["www-authenticate"]).toContain("Bearer");
    const { token } = tokens.access({ principal: owner });
    const [head, body = "", signature = ""] = [token.slice(0, 11), ...token.slice(11).split(".")];
    const forged = Buffer.from(Buffer.from(body, "base64url").toString().replace("you@", "eve@")).toString("base64url");
    for (const bad of ["ya29.real-google-token", `${head}${forged}.${signature}`, `${token}x`]) {
      expect(errorOf(() => who(`Bearer ${bad}`)).message).toContain("invalid authentication credentials");
    }
  });

  test("the token of a disabled, deleted or newly made account of the same name opens nothing", () => {
    const { tokens, who, iam, account } = gate();
    const worker = account("worker");
    const bearer = `Bearer ${tokens.access({ principal: worker }).token}`;
    expect(who(bearer).email).toBe(worker.email);
    iam.accounts.update(worker.email, { disabled: true });
    expect(reasonOf(errorOf(() => who(bearer)))).toBe("ACCOUNT_STATE_INVALID");
    iam.accounts.update(worker.email, { disabled: false });
    iam.accounts.delete(worker.email);
    expect(reasonOf(errorOf(() => who(bearer)))).toBe("ACCOUNT_STATE_INVALID");
    account("worker");
    expect(reasonOf(errorOf(() => who(bearer)))).toBe("ACCOUNT_STATE_INVALID");
  });

  test("tokens outlive the process that made them", async () => {
    const db = createDatabase();
    const vault = createVault();
    const clock = createClock();
    const before = createTokens({ db, vault, clock });
    const { token } = before.access({ principal: owner });
    const id = await before.id({ principal: owner, audience: "https://api" });
    const after = createTokens({ db, vault, clock });
    expect(after.verifyAccess(token)).toEqual(owner);
    expect(await after.verifyId(id)).toMatchObject({
      claims: { aud: "https://api", iss: "https://accounts.google.com" },
    });
    expect(await after.jwks()).toEqual(await before.jwks());
    expect(JSON.stringify(await after.jwks())).not.toContain('"d"');
    expect(await after.verifyId(`${id.slice(0, -4)}AAAA`)).toHaveProperty("invalid");
    clock.advance(3_601_000);
    expect(await after.verifyId(id)).toHaveProperty("invalid");
  });
});
