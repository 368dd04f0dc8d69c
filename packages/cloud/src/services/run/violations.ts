import { badRequest, type RpcError } from "../../wire/rpc-error.ts";

/** One thing that a request has wrong, as `google.rpc.BadRequest` tells it. */
export interface Violation {
  readonly field: string;
  readonly description: string;
}

/** INVALID_ARGUMENT that tells all of them, as Cloud Run does: `field: description`, a line each. */
export function refuse(violations: readonly Violation[]): RpcError {
  return badRequest(violations.map((v) => `${v.field}: ${v.description}`).join("\n"), violations);
}
