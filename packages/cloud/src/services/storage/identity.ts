import type { Principal, RawRequest, RestPlace } from "../../service.ts";
import { isSigned, signer } from "./signed.ts";
import type { Storage } from "./storage.ts";

const nobody: Principal = { kind: "anonymous", email: "" };

/**
 * Who calls: by token; by a signature in the query; by the address of an upload, which only its beginner was told; or
 * nobody, who may do what is open to `allUsers`.
 */
export function identify(
  storage: Storage,
  request: RawRequest & RestPlace,
  byToken: () => Principal,
): Principal | Promise<Principal> {
  if (isSigned(request.query)) return signer(storage.host, request);
  if (request.headers.authorization !== undefined) return byToken();
  const session = request.query.get("upload_id");
  return (session === null ? undefined : storage.sessions.get(session)?.caller) ?? nobody;
}
