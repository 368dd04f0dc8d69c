import type {
  BatchEnableServicesResponseSchema,
  DisableServiceResponseSchema,
  EnableServiceResponseSchema,
  ServiceUsage,
} from "../../../gen/types/google/api/serviceusage/v1/serviceusage_pb.js";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { begun } from "./operations.ts";
import { checkKnown, parseName } from "./rules.ts";
import { usageOf } from "./usage.ts";

const types = "google.api.serviceusage.v1";
const mostAtOnceRead = 30;

/** `google.api.serviceusage.v1.ServiceUsage` */
export function serviceUsageRpc(host: Host): RpcService {
  const usage = usageOf(host);
  return rpc<typeof ServiceUsage>(`${types}.ServiceUsage`, {
    enableService: {
      permission: "serviceusage.services.enable",
      resource: ({ name }) => name,
      audit: "ADMIN_WRITE",
      handle: ({ name }) => {
        const { project, api } = usage.enable(name);
        return begun<typeof EnableServiceResponseSchema>(host, project, {
          ...{ prefix: "acf", types, response: `${types}.EnableServiceResponse` },
          value: { service: usage.show(project, api) },
        });
      },
    },
    disableService: {
      permission: "serviceusage.services.disable",
      resource: ({ name }) => name,
      audit: "ADMIN_WRITE",
      handle: ({ name, disableDependentServices }) => {
        const { project, api } = usage.disable(name, disableDependentServices);
        return begun<typeof DisableServiceResponseSchema>(host, project, {
          ...{ prefix: "acf", types, response: `${types}.DisableServiceResponse` },
          value: { service: usage.show(project, api) },
        });
      },
    },
    batchEnableServices: {
      permission: "serviceusage.services.enable",
      resource: ({ parent }) => parent,
      audit: "ADMIN_WRITE",
      handle: ({ parent, serviceIds }) => {
        const project = usage.enableAll(parent, serviceIds);
        return begun<typeof BatchEnableServicesResponseSchema>(host, project, {
          ...{ prefix: "acat", types, response: `${types}.BatchEnableServicesResponse` },
          value: { services: serviceIds.map((each) => usage.show(project, each)) },
        });
      },
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
    batchGetServices: {
      permission: "serviceusage.services.get",
      resource: ({ parent }) => parent,
      audit: "ADMIN_READ",
      handle: ({ parent, names }) => {
        const project = usage.project(parent);
        if (names.length > mostAtOnceRead) {
          throw new RpcError("INVALID_ARGUMENT", `The number of services must be at most ${mostAtOnceRead}.`);
        }
        const wanted = names.map((name) => parseName(name).api);
        checkKnown(wanted);
        return { services: wanted.map((each) => usage.show(project, each)) };
      },
    },
    listServices: {
      permission: "serviceusage.services.list",
      resource: ({ parent }) => parent,
      audit: "ADMIN_READ",
      handle: (request) => usage.list(request),
    },
  });
}
