import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { State } from "../../../gen/serviceusage-v1.enums.ts";
import type { ServiceSchema } from "../../../gen/types/google/api/serviceusage/v1/resources_pb.js";
import type {
  BatchEnableServicesResponseSchema,
  DisableServiceResponseSchema,
  EnableServiceResponseSchema,
  ServiceUsage,
} from "../../../gen/types/google/api/serviceusage/v1/serviceusage_pb.js";
import type { Host, Project } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { pageToken, readPageToken } from "../../store/collection.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { titles } from "./catalog.ts";
import { checkKnown, dependedOn, dependents, parseFilter, parseName } from "./rules.ts";
import { disable, enable } from "./store.ts";

type ServiceInit = MessageInitShape<typeof ServiceSchema>;

const api = "serviceusage.googleapis.com";
const types = "google.api.serviceusage.v1";
const mostAtOnce = 20;
const mostAtOnceRead = 30;

export function serviceUsageRpc(host: Host): RpcService {
  const projectOf = (id: string): Project => {
    const project = host.projects.get(id);
    if (project === undefined) throw new RpcError("NOT_FOUND", `Project ${id} not found.`);
    return project;
  };
  const show = (project: Project, name: string): ServiceInit => ({
    name: `projects/${project.number}/services/${name}`,
    parent: `projects/${project.number}`,
    config: { name, title: titles.get(name) ?? name },
    state: host.projects.enabled(project.id, name) ? State.ENABLED : State.DISABLED,
  });
  const parentProject = (parent: string): Project => projectOf(parent.replace(/^projects\//, ""));

  return rpc<typeof ServiceUsage>(`${types}.ServiceUsage`, {
    enableService: {
      permission: "serviceusage.services.enable",
      resource: ({ name }) => name,
      audit: "ADMIN_WRITE",
      handle: ({ name }) => {
        const { project: id, api: wanted } = parseName(name);
        checkKnown([wanted]);
        const project = projectOf(id);
        enable(host, project, wanted);
        return operation<typeof EnableServiceResponseSchema>(host, project, "EnableServiceResponse", {
          service: show(project, wanted),
        });
      },
    },
    disableService: {
      permission: "serviceusage.services.disable",
      resource: ({ name }) => name,
      audit: "ADMIN_WRITE",
      handle: ({ name, disableDependentServices }) => {
        const { project: id, api: wanted } = parseName(name);
        checkKnown([wanted]);
        const project = projectOf(id);
        const others = dependents(wanted, host.projects.enabledApis(project.id));
        if (others.length > 0 && !disableDependentServices) {
          throw dependedOn(wanted, others, `projects/${project.number}`);
        }
        host.note("serviceusage.usage", "Turning an API off does not look at whether it was used lately.");
        disable(host, project, wanted);
        return operation<typeof DisableServiceResponseSchema>(host, project, "DisableServiceResponse", {
          service: show(project, wanted),
        });
      },
    },
    batchEnableServices: {
      permission: "serviceusage.services.enable",
      resource: ({ parent }) => parent,
      audit: "ADMIN_WRITE",
      handle: ({ parent, serviceIds }) => {
        const project = parentProject(parent);
        if (serviceIds.length === 0 || serviceIds.length > mostAtOnce) {
          throw new RpcError("INVALID_ARGUMENT", `The number of services must be between 1 and ${mostAtOnce}.`);
        }
        checkKnown(serviceIds);
        host.db.tx(() => {
          for (const each of serviceIds) enable(host, project, each);
        });
        return operation<typeof BatchEnableServicesResponseSchema>(host, project, "BatchEnableServicesResponse", {
          services: serviceIds.map((each) => show(project, each)),
        });
      },
    },
    getService: {
      permission: "serviceusage.services.get",
      resource: ({ name }) => name,
      audit: "ADMIN_READ",
      handle: ({ name }) => {
        const { project, api: wanted } = parseName(name);
        checkKnown([wanted]);
        return show(projectOf(project), wanted);
      },
    },
    batchGetServices: {
      permission: "serviceusage.services.get",
      resource: ({ parent }) => parent,
      audit: "ADMIN_READ",
      handle: ({ parent, names }) => {
        const project = parentProject(parent);
        if (names.length > mostAtOnceRead) {
          throw new RpcError("INVALID_ARGUMENT", `The number of services must be at most ${mostAtOnceRead}.`);
        }
        const wanted = names.map((name) => parseName(name).api);
        checkKnown(wanted);
        return { services: wanted.map((each) => show(project, each)) };
      },
    },
    listServices: {
      permission: "serviceusage.services.list",
      resource: ({ parent }) => parent,
      audit: "ADMIN_READ",
      handle: ({ parent, filter, pageSize, pageToken: token }) => {
        const project = parentProject(parent);
        const state = parseFilter(filter);
        if (pageSize < 0 || pageSize > 200) {
          throw new RpcError("INVALID_ARGUMENT", "The page size must be between 0 and 200.");
        }
        const scope = `${project.id} ${state}`;
        const after = token === "" ? "" : readPageToken(token, scope);
        const matching = [...titles.keys()].filter(
          (each) =>
            each > after && (state === "all" || (state === "ENABLED") === host.projects.enabled(project.id, each)),
        );
        const page = matching.slice(0, pageSize === 0 ? 50 : pageSize);
        const last = page.at(-1);
        const more = last !== undefined && page.length < matching.length;
        return {
          services: page.map((each) => show(project, each)),
          nextPageToken: more ? pageToken(last, scope) : "",
        };
      },
    },
  });
}

/**
 * The work is done already, and stored so. The answer has the name alone, as Google's: clients ask for the operation,
 * and find it done.
 */
function operation<R extends DescMessage>(
  host: Host,
  project: Project,
  response: string,
  value: MessageInitShape<R>,
): { readonly name: string } {
  const handle = host.operations.start({
    api,
    parent: "",
    target: `projects/${project.id}`,
    response: host.schemas.message<R>(`${types}.${response}`),
    metadata: { schema: host.schemas.message(`${types}.OperationMetadata`), value: {} },
  });
  handle.succeed(value);
  return { name: handle.name };
}
