import type { EmptySchema } from "@bufbuild/protobuf/wkt";
import type { ServiceIdentitySchema } from "../../../gen/types/google/api/serviceusage/v1beta1/resources_pb.js";
import type { ServiceUsage } from "../../../gen/types/google/api/serviceusage/v1beta1/serviceusage_pb.js";
import type { Host, Project } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { agentOf } from "./agents.ts";
import { begun, finished } from "./operations.ts";
import { usageOf } from "./usage.ts";

const types = "google.api.serviceusage.v1beta1";

/** `google.api.serviceusage.v1beta1.ServiceUsage`, without its quotas. */
export function serviceUsageBeta(host: Host): RpcService {
  const usage = usageOf(host);
  const operation = (project: Project, prefix: string) =>
    begun<typeof EmptySchema>(host, project, { prefix, types, response: "google.protobuf.Empty", value: {} });
  return rpc<typeof ServiceUsage>(`${types}.ServiceUsage`, {
    enableService: {
      permission: "serviceusage.services.enable",
      resource: ({ name }) => name,
      audit: "ADMIN_WRITE",
      handle: ({ name }) => operation(usage.enable(name).project, "acf"),
    },
    disableService: {
      permission: "serviceusage.services.disable",
      resource: ({ name }) => name,
      audit: "ADMIN_WRITE",
      handle: ({ name }) => operation(usage.disable(name, false).project, "acf"),
    },
    batchEnableServices: {
      permission: "serviceusage.services.enable",
      resource: ({ parent }) => parent,
      audit: "ADMIN_WRITE",
      handle: ({ parent, serviceIds }) => operation(usage.enableAll(parent, serviceIds), "acat"),
    },
    getService: {
      permission: "serviceusage.services.get",
      resource: ({ name }) => name,
      audit: "ADMIN_READ",
      handle: ({ name }) => {
        const { project, api } = usage.service(name);
        return usage.show(project, api);
      },
    },
    listServices: {
      permission: "serviceusage.services.list",
      resource: ({ parent }) => parent,
      audit: "ADMIN_READ",
      handle: (request) => usage.list(request),
    },
    generateServiceIdentity: {
      permission: "serviceusage.services.enable",
      resource: ({ parent }) => parent,
      audit: "ADMIN_WRITE",
      handle: ({ parent }) => {
        const { project, api } = usage.service(parent);
        return finished<typeof ServiceIdentitySchema>(host, `${types}.ServiceIdentity`, agentOf(api, project.number));
      },
    },
  });
}
