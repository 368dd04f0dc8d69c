import type { RestMethod } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";

const policyVerbs = [
  "clearOrgPolicy",
  "getEffectiveOrgPolicy",
  "getOrgPolicy",
  "listAvailableOrgPolicyConstraints",
  "listOrgPolicies",
  "setOrgPolicy",
];

/** What version 1 also has: known by name, and not here. */
export const missing: readonly RestMethod[] = [
  ...["folders", "organizations", "projects"].flatMap((kind) =>
    policyVerbs.map((verb) => absent(`${kind}.${verb}`, "POST", `/v1/${kind}/{resource}:${verb}`)),
  ),
];

function absent(name: string, verb: RestMethod["verb"], path: string): RestMethod {
  return {
    id: `cloudresourcemanager.${name}`,
    verb,
    path,
    permission: [],
    resource: () => "",
    handle: () => {
      throw new RpcError("UNIMPLEMENTED", `The local cloud does not implement cloudresourcemanager.${name}.`);
    },
  };
}
