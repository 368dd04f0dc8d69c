import type { Host } from "../../host.ts";
import type { Json, RestMethod, RestRequest } from "../../service.ts";
import type { Container } from "../../store/projects-hierarchy.ts";
import { organizationPolicies, searchedOrganizations } from "./organizations.ts";
import { policyMethods } from "./policies-v1.ts";
import { mustContain, pageOf, stateOf } from "./store.ts";

/** Organisations in version 1, which gcloud and Terraform ask. */
export function organizationsV1(host: Host): readonly RestMethod[] {
  const named = ({ params }: RestRequest): string => `organizations/${params.organization ?? ""}`;
  return [
    {
      id: "cloudresourcemanager.organizations.get",
      verb: "GET",
      path: "/v1/organizations/{organization}",
      permission: "resourcemanager.organizations.get",
      resource: named,
      handle: (request) => show(mustContain(host, named(request))),
    },
    {
      id: "cloudresourcemanager.organizations.search",
      verb: "POST",
      path: "/v1/organizations:search",
      permission: [],
      resource: () => "",
      handle: ({ body }, call) => {
        const filter = String(body.filter ?? "");
        const { items, nextPageToken } = pageOf(searchedOrganizations(host, call.caller, filter), ({ name }) => name, {
          pageSize: Number(body.pageSize ?? 0),
          pageToken: String(body.pageToken ?? ""),
          scope: filter,
        });
        return {
          ...(items.length === 0 ? {} : { organizations: items.map(show) }),
          ...(nextPageToken === "" ? {} : { nextPageToken }),
        };
      },
    },
    ...policyMethods(host, "organizations", organizationPolicies(host)),
  ];
}

function show(container: Container): Json {
  return {
    name: container.name,
    displayName: container.displayName,
    lifecycleState: stateOf(container),
    creationTime: new Date(container.createdMs).toISOString(),
  };
}
