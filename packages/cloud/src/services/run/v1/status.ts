import type { Json, RestRequest } from "../../../service.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import { idOf } from "../names.ts";

/** What Kubernetes answers for something deleted. */
export function deletedStatus(kind: string, of: { readonly name: string; readonly uid: string }): Json {
  return {
    apiVersion: "v1",
    kind: "Status",
    metadata: {},
    status: "Success",
    details: { name: idOf(of.name), kind, uid: of.uid },
  };
}

/** Whether a request asks to be checked only. Throws INVALID_ARGUMENT for what is not `all`. */
export function dryRun(request: RestRequest): boolean {
  const asked = request.query.get("dryRun") ?? "";
  if (asked !== "" && asked !== "all") throw new RpcError("INVALID_ARGUMENT", "dryRun must be 'all'.");
  return asked === "all";
}
