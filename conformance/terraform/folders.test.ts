import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { copyTo, findConfigurations, has, valuesFile } from "./configurations.ts";
import { openVariables } from "./given.ts";
import { importable, importIdOf } from "./imports.ts";

const root = mkdtempSync(join(tmpdir(), "aloft-configurations-"));
afterAll(() => rmSync(root, { recursive: true }));

function folder(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(root, "dir-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return dir;
}

const resource = (of: Parameters<typeof importable>[0]): string | undefined =>
  importable(of) ? importIdOf(of) : undefined;

test("terraform: the configurations of a folder are those that are no modules, and are copied without old states", () => {
  const dir = folder({
    "prod/main.tf": 'module "db" {\n  source = "../db"\n}\n',
    "prod/terraform.tfstate": "{}",
    "db/main.tf": "",
    "modules/net/main.tf": "",
    "notes/read.md": "",
  });
  const found = findConfigurations(dir);
  expect(found.map(({ name }) => name)).toEqual(["prod"]);
  const [prod] = found;
  const copied = prod === undefined ? "" : copyTo(join(root, "work"), prod);
  expect([has(copied, "main.tf"), has(copied, "../db/main.tf"), has(copied, "terraform.tfstate")]).toEqual([
    true,
    true,
    false,
  ]);
  expect(findConfigurations(join(dir, "db")).map(({ name }) => name)).toEqual(["db"]);
});

test("terraform: usual variables without a value are given one, others are left as they are", () => {
  const dir = folder({
    "main.tf": [
      'variable "project_id" {',
      "  type = string",
      "}",
      'variable "region" { default = "europe-west1" }',
      'variable "zone" {}',
      'variable "colour" {}',
      'provider "google" {',
      "  project = var.project",
      "}",
      'variable "project" {}',
      'variable "environment" {}',
    ].join("\n"),
    "terraform.tfvars": 'zone = "europe-west1-b"\n',
    "change.tfvars": 'project = "other"\n',
    "staging.tfvars": 'environment = "stg"\n',
  });
  expect(valuesFile(dir)).toBe("staging.tfvars");
  expect(openVariables(dir)).toEqual({ TF_VAR_project_id: "demo", TF_VAR_project: "demo" });
});

test("terraform: what can be imported is, by the id that its type wants", () => {
  const of = (type: string, values: Readonly<Record<string, unknown>>): string | undefined =>
    resource({ address: `${type}.x`, mode: "managed", type, values });
  const member = { role: "roles/viewer", member: "user:a@example.com" };
  expect(of("google_project_iam_member", { ...member, id: "demo/roles/viewer/user:a@example.com" })).toBe(
    "demo roles/viewer user:a@example.com",
  );
  const condition = [{ title: "until" }];
  expect(
    of("google_storage_bucket_iam_binding", { id: "b/x/roles/viewer/until", role: "roles/viewer", condition }),
  ).toBe("b/x roles/viewer until");
  const audit = { id: "demo/audit_config/allServices", service: "allServices" };
  expect(of("google_project_iam_audit_config", audit)).toBe("demo allServices");
  const version = { secret: "projects/demo/secrets/s", version: "2", secret_data: "x" };
  expect(of("google_secret_manager_secret_version", version)).toBe("projects/demo/secrets/s/versions/2");
  expect(of("google_secret_manager_secret_version", { ...version, enabled: false })).toBeUndefined();
  expect(of("google_service_account_key", { id: "projects/demo/serviceAccounts/a/keys/k" })).toBeUndefined();
  expect(of("random_id", { id: "x" })).toBeUndefined();
});
