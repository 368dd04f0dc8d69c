import { createHash } from "node:crypto";
import { type ErrorDetail, RpcError } from "../../wire/rpc-error.ts";

export const api = "cloudresourcemanager.googleapis.com";

/** How long what is to be deleted can come back. */
export const graceMs = 30 * 24 * 3_600_000;

/** INVALID_ARGUMENT as Resource Manager words it: `field [display_name] has issue [project display name …]`. */
export function fieldIssue(field: string, issue: string): RpcError {
  const detail: ErrorDetail = {
    "@type": "type.googleapis.com/google.rpc.BadRequest",
    fieldViolations: [{ field, description: issue }],
  };
  return new RpcError("INVALID_ARGUMENT", `field [${field}] has issue [${issue}]`, [detail]);
}

/** For what is not there, or not to be seen: nobody learns which. */
export function hidden(): RpcError {
  return new RpcError("PERMISSION_DENIED", "The caller does not have permission");
}

/** Throws for an id that a project cannot be given. */
export function checkProjectId(id: string): void {
  const issue = projectIdIssue(id);
  if (issue !== undefined) throw fieldIssue("project_id", issue);
}

function projectIdIssue(id: string): string | undefined {
  if (id.length < 6) return "project_id must be at least 6 characters long";
  if (id.length > 30) return "project_id must be at most 30 characters long";
  if (/^[a-z][a-z0-9-]*[a-z0-9]$/.test(id)) return undefined;
  return "project_id must start with a lowercase letter, hold lowercase letters, digits and hyphens, and not end in a hyphen";
}

export function checkProjectName(name: string): void {
  if (name === "") return;
  if (name.length < 4) throw fieldIssue("display_name", "project display name must be at least 4 characters");
  if (name.length > 30) throw fieldIssue("display_name", "project display name must be at most 30 characters");
  if (!/^[\p{L}\p{N} '"!-]+$/u.test(name)) {
    throw fieldIssue("display_name", "project display name contains invalid characters");
  }
}

const mostLabels = 256;

export function checkLabels(labels: Readonly<Record<string, string>>): void {
  const entries = Object.entries(labels);
  if (entries.length > mostLabels) throw fieldIssue("labels", `there must be at most ${mostLabels} labels`);
  for (const [key, value] of entries) {
    if (!/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key)) {
      throw fieldIssue("labels", `label key "${key}" is invalid`);
    }
    if (!/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(value)) {
      throw fieldIssue("labels", `label value "${value}" is invalid`);
    }
  }
}

/** Throws for what is no `folders/123` or `organizations/123`. */
export function checkParent(parent: string): void {
  if (!/^(organizations|folders)\/\d+$/.test(parent)) {
    throw fieldIssue("parent", "must be an organization or a folder");
  }
}

/** `folders/1` → `{ type: "folder", id: "1" }`, the form of version 1. */
export function resourceId(parent: string): { readonly type: string; readonly id: string } {
  const [kind = "", id = ""] = parent.split("/");
  return { type: kind.replace(/s$/, ""), id };
}

/** An etag for what a resource is now. */
export function etagOf(...parts: readonly (string | number | undefined)[]): string {
  return createHash("sha256").update(parts.join("\0")).digest().subarray(0, 8).toString("base64");
}
