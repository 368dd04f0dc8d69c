import type { Principal, RawRequest, RestPlace } from "../../service.ts";
import { ownerEmail } from "../../store/projects.ts";
import { isSigned, signer } from "./signed.ts";
import type { Storage } from "./storage.ts";

const nobody: Principal = { kind: "anonymous", email: "" };
const owner: Principal = { kind: "user", email: ownerEmail };

/**
 * Who calls: by token; by a signature in the query; by the address of an upload, which only its beginner was told; or
 * nobody, who may do what is open to `allUsers`. Where IAM is off, a call without credentials is the owner's: that is
 * how clients go to an emulator.
 */
export function identify(
  storage: Storage,
  request: RawRequest & RestPlace,
  byToken: () => Principal,
): Principal | Promise<Principal> {
  if (isSigned(request.query)) return signer(storage.host, request);
  if (request.headers.authorization !== undefined) return byToken();
  const session = request.query.get("upload_id");
  const beginner = session === null ? undefined : storage.sessions.get(session)?.caller;
  return beginner ?? (storage.host.iam.mode === "off" ? owner : nobody);
}
