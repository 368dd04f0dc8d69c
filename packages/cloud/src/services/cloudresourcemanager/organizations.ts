import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Organization_State } from "../../../gen/cloudresourcemanager-v3.enums.ts";
import type {
  OrganizationSchema,
  Organizations,
} from "../../../gen/types/google/cloud/resourcemanager/v3/organizations_pb.js";
import { type IamMethods, iamMethods } from "../../chain/iam-methods.ts";
import type { Host } from "../../host.ts";
import { type Principal, type RpcService, rpc } from "../../service.ts";
import type { Container } from "../../store/projects-hierarchy.ts";
import { parseQuery } from "./query.ts";
import { etagOf, fieldIssue } from "./rules.ts";
import { mustContain, pageOf, stateOf, visibleContainers } from "./store.ts";

/** `google.cloud.resourcemanager.v3.Organizations` */
export function organizationsV3(host: Host): RpcService {
  return rpc<typeof Organizations>("google.cloud.resourcemanager.v3.Organizations", {
    getOrganization: {
      permission: "resourcemanager.organizations.get",
      resource: ({ name }) => name,
      handle: ({ name }) => show(mustContain(host, name)),
    },
    searchOrganizations: {
      permission: [],
      resource: () => "",
      handle: ({ query, pageSize, pageToken }, call) => {
        const found = searchedOrganizations(host, call.caller, query);
        const { items, nextPageToken } = pageOf(found, ({ name }) => name, { pageSize, pageToken, scope: query });
        return { organizations: items.map(show), nextPageToken };
      },
    },
    ...organizationPolicies(host),
  });
}

export function organizationPolicies(host: Host): IamMethods {
  return iamMethods({
    permissions: "resourcemanager.organizations",
    exists: (name) => void mustContain(host, name),
    place: (name) => name,
  });
}

/** Those that the caller may see and the query asks for (`domain:example.com`). Throws INVALID_ARGUMENT. */
export function searchedOrganizations(host: Host, caller: Principal, query: string): readonly Container[] {
  const field = (name: string, container: Container): readonly string[] | undefined =>
    name === "domain" || name === "displayName" ? [container.displayName] : undefined;
  const nobody = { name: "", parent: "", displayName: "", createdMs: 0, updatedMs: 0 };
  const test = parseQuery(query, field, nobody);
  if (test === undefined) throw fieldIssue("query", "invalid query");
  return visibleContainers(host, caller, "organizations").filter(test);
}

function show(container: Container): MessageInitShape<typeof OrganizationSchema> {
  const { name, displayName, createdMs, updatedMs } = container;
  return {
    name,
    displayName,
    state: Organization_State[stateOf(container)],
    createTime: timestampFromMs(createdMs),
    updateTime: timestampFromMs(updatedMs),
    etag: etagOf(name, updatedMs),
  };
}
