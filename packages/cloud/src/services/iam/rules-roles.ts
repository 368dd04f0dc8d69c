import { badRequest, RpcError } from "../../wire/rpc-error.ts";

type RoleField = "title" | "description" | "stage" | "includedPermissions";

/** Throws INVALID_ARGUMENT for an id that a custom role cannot have. */
export function checkRoleId(id: string): void {
  if (/^[a-zA-Z0-9_.]{3,64}$/.test(id)) return;
  const description = `The role ID "${id}" is not valid: it must match [a-zA-Z0-9_\\.]{3,64}.`;
  throw badRequest(description, [{ field: "role_id", description }]);
}

/** Throws INVALID_ARGUMENT for texts that are too long. */
export function checkRoleTexts(texts: { readonly title?: unknown; readonly description?: unknown }): void {
  const limits = [
    ["title", texts.title, 100],
    ["description", texts.description, 300],
  ] as const;
  for (const [field, text, most] of limits) {
    if (typeof text !== "string" || [...text].length <= most) continue;
    const description = `The role ${field} is too long: at most ${most} characters are allowed.`;
    throw badRequest(description, [{ field: `role.${field}`, description }]);
  }
}

const maskable: Readonly<Record<string, RoleField | "etag">> = {
  title: "title",
  description: "description",
  stage: "stage",
  included_permissions: "includedPermissions",
  includedPermissions: "includedPermissions",
  etag: "etag",
};

/** The fields that an update changes: those of the mask, all without one. Throws INVALID_ARGUMENT for any other. */
export function roleMask(paths: readonly string[] | undefined): readonly RoleField[] {
  if (paths === undefined || paths.length === 0) return ["title", "description", "stage", "includedPermissions"];
  return paths.flatMap((path) => {
    const field = maskable[path];
    if (field === undefined) {
      throw new RpcError("INVALID_ARGUMENT", `The field ${path} of a role cannot be updated.`);
    }
    return field === "etag" ? [] : field;
  });
}
