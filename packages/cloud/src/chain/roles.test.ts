import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { permissions, select } from "./permissions.ts";
import { allRoles, leastRole, roleKind, roleOf } from "./roles.ts";

describe("roles: the table", () => {
  test("an accessor reads payloads and nothing else of a secret", () => {
    const held = [...(roleOf("roles/secretmanager.secretAccessor")?.permissions ?? [])];
    expect(held.filter((name) => name.startsWith("secretmanager."))).toEqual(["secretmanager.versions.access"]);
  });

  test("an owner reads payloads, an editor does not, and neither mints another's tokens", () => {
    expect(roleOf("roles/owner")?.permissions.has("secretmanager.versions.access")).toBe(true);
    expect(roleOf("roles/editor")?.permissions.has("secretmanager.versions.access")).toBe(false);
    expect(roleOf("roles/owner")?.permissions.has("iam.serviceAccounts.getAccessToken")).toBe(false);
    expect(roleOf("roles/editor")?.permissions.has("iam.serviceAccounts.actAs")).toBe(true);
  });

  test("a viewer changes nothing", () => {
    const verbs = [...(roleOf("roles/viewer")?.permissions ?? [])].map((name) => name.split(".")[2] ?? "");
    expect(verbs.filter((verb) => /^(create|delete|update|set|add|access|enable|disable)/.test(verb))).toEqual([]);
  });

  test("the least role that holds a permission is not a basic one", () => {
    expect(leastRole(["secretmanager.versions.access"])).toBe("roles/secretmanager.secretAccessor");
    expect(leastRole(["run.routes.invoke"])).toBe("roles/run.servicesInvoker");
    expect(leastRole(["nobody.holds.this"])).toBeUndefined();
  });

  test("a misspelt role of a known service is told from one of a service that is not here", () => {
    expect(roleKind("roles/secretmanager.secretAccesor")).toBe("none");
    expect(roleKind("roles/spanner.admin")).toBe("foreign");
    expect(roleKind("roles/storage.insightsCollectorService")).toBe("foreign");
    expect(roleKind("projects/p/roles/mine")).toBe("custom");
    expect(roleKind("secretmanager.admin")).toBe("none");
    expect(roleKind("roles/constructor")).toBe("none");
  });

  test("a pattern that selects nothing is a mistake in the table", () => {
    expect(() => select(["secretmanager.version.access"])).toThrow("no permission matches");
  });
});

const published = join(import.meta.dirname, "../../../../../shared/iam/roles.json");
describe.skipIf(!existsSync(published))("roles: compared with Google's", () => {
  const theirs = (existsSync(published) ? JSON.parse(readFileSync(published, "utf8")) : {}) as Record<
    string,
    { title: string; permissions: string[] }
  >;
  const known = new Set(permissions);
  // Their list was made by trying, and has gaps: a permission that is in no role of it is nobody's difference.
  const listed = new Set(Object.values(theirs).flatMap((role) => role.permissions));

  test("every permission of the table is one of Google's", () => {
    const all = new Set(Object.values(theirs).flatMap((role) => role.permissions));
    // Workload identity pools stand in their list of methods alone.
    const beside = /^iam\.workloadIdentityPool/;
    expect(permissions.filter((name) => !all.has(name) && !beside.test(name))).toEqual([]);
  });

  test("every role has Google's title, and of the known permissions just those that Google's has", () => {
    const differences = allRoles().flatMap(({ name, title, permissions: held }) => {
      const role = theirs[name];
      if (role === undefined) return [`${name}: not among Google's`];
      const wanted = new Set(role.permissions.filter((permission) => known.has(permission)));
      return [
        ...(role.title === title ? [] : [`${name}: title ${role.title}`]),
        ...[...wanted]
          .filter((permission) => !held.has(permission))
          .map((permission) => `${name}: lacks ${permission}`),
        ...[...held]
          .filter((permission) => listed.has(permission) && !wanted.has(permission))
          .map((permission) => `${name}: has ${permission}`),
      ];
    });
    expect(differences).toEqual([]);
  });

  test("every role of a service whose names are all known is known or told apart", () => {
    const complete = /^roles\/(artifactregistry|cloudkms|redis|run|secretmanager)\./;
    const names = Object.keys(theirs).filter((name) => complete.test(name));
    expect(names.filter((name) => roleKind(name) === "none")).toEqual([]);
  });

  test("the services that are here have all their permissions in the table, but for the corners left out", () => {
    const all = [...new Set(Object.values(theirs).flatMap((role) => role.permissions))];
    const missing = all.filter((name) => {
      const service = name.split(".")[0] ?? "";
      return ["artifactregistry", "cloudkms", "redis", "run", "secretmanager"].includes(service) && !known.has(name);
    });
    expect(missing).toEqual([]);
  });
});
