import { badRequest, RpcError } from "../../wire/rpc-error.ts";

/** Throws INVALID_ARGUMENT in Google's words for an account id that Google refuses. */
export function checkAccountId(id: string): void {
  const description =
    id.length < 6 || id.length > 30
      ? `The account ID "${id}" does not have a length between 6 and 30.`
      : `The account ID "${id}" is not valid: it must match [a-z]([-a-z0-9]*[a-z0-9]).`;
  if (/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/.test(id)) return;
  throw badRequest(description, [{ field: "account_id", description }]);
}

/** Throws INVALID_ARGUMENT for a text that is too long (Google counts UTF-8 bytes). */
export function checkTexts(texts: { readonly displayName?: string; readonly description?: string }): void {
  if (Buffer.byteLength(texts.displayName ?? "") > 100) {
    throw new RpcError("INVALID_ARGUMENT", "The display name is too long: at most 100 UTF-8 bytes are allowed.");
  }
  if (Buffer.byteLength(texts.description ?? "") > 256) {
    throw new RpcError("INVALID_ARGUMENT", "The description is too long: at most 256 UTF-8 bytes are allowed.");
  }
}

/** Project (or `-`) and account (e-mail or unique id) of `projects/p/serviceAccounts/a`. */
export function parseAccountName(name: string): { readonly project: string; readonly account: string } {
  const [, project, account] = /^projects\/([^/]+)\/serviceAccounts\/([^/]+)$/.exec(name) ?? [];
  if (project === undefined || account === undefined) {
    throw new RpcError("INVALID_ARGUMENT", `Invalid service account name: ${name}.`);
  }
  return { project, account };
}

/** 404 as Google answers for an account that is not there. */
export function unknownAccount(): RpcError {
  return new RpcError("NOT_FOUND", "Unknown service account");
}

const maskable: Readonly<Record<string, "displayName" | "description">> = {
  display_name: "displayName",
  displayName: "displayName",
  description: "description",
};

/** The fields that an update may change, of a mask. Throws INVALID_ARGUMENT for any other. */
export function maskedFields(paths: readonly string[] | undefined): readonly ("displayName" | "description")[] {
  if (paths === undefined || paths.length === 0) {
    throw new RpcError("INVALID_ARGUMENT", "The update mask is required, and cannot be empty.");
  }
  return paths.flatMap((path) => {
    const field = maskable[path];
    if (field === undefined && path !== "etag") {
      throw new RpcError("INVALID_ARGUMENT", `The field ${path} of a service account cannot be updated.`);
    }
    return field ?? [];
  });
}
