import type { ConfigServiceV2 } from "../../../gen/types/google/logging/v2/logging_config_pb.js";
import type { Host } from "../../host.ts";
import type { Methods, RestMethod } from "../../service.ts";
import { cmekAccount } from "./buckets.ts";
import { forms, invalid, nameAs } from "./config-names.ts";

/** Settings of the Log Router. A project shows them; only an organisation or a folder, which are not here, may set them. */
export function settingsMethods(host: Host): Methods<typeof ConfigServiceV2> {
  const projectOf = (name: string): string =>
    nameAs(forms.project, name.replace(/\/(cmekSettings|settings)$/, ""), host.projects);
  const fixed = (name: string): never => {
    throw invalid(`The Log Router of ${projectOf(name)} is configured by its organization or folder alone.`);
  };

  return {
    getCmekSettings: {
      permission: "logging.settings.get",
      resource: ({ name }) => projectOf(name),
      audit: "ADMIN_READ",
      handle: ({ name }) => ({
        name: `${projectOf(name)}/cmekSettings`,
        serviceAccountId: cmekAccount(host, projectOf(name)),
      }),
    },
    updateCmekSettings: {
      permission: "logging.settings.update",
      resource: ({ name }) => projectOf(name),
      audit: "ADMIN_WRITE",
      handle: ({ name }) => fixed(name),
    },
    getSettings: {
      permission: "logging.settings.get",
      resource: ({ name }) => projectOf(name),
      audit: "ADMIN_READ",
      handle: ({ name }) => {
        const project = projectOf(name);
        return { name: `${project}/settings`, kmsServiceAccountId: cmekAccount(host, project) };
      },
    },
    updateSettings: {
      permission: "logging.settings.update",
      resource: ({ name }) => projectOf(name),
      audit: "ADMIN_WRITE",
      handle: ({ name }) => fixed(name),
    },
  };
}

/** The same over REST, with the account that writes to sinks' destinations: a field that is newer than the protos. */
export function projectSettings(host: Host): RestMethod {
  return {
    id: "google.logging.v2.ConfigServiceV2.GetSettings",
    verb: "GET",
    path: "/v2/{name=projects/*}/settings",
    permission: "logging.settings.get",
    resource: ({ params }) => params.name ?? "",
    audit: "ADMIN_READ",
    handle: ({ params }) => {
      const project = nameAs(forms.project, params.name ?? "", host.projects);
      const number = host.projects.get(project.slice("projects/".length))?.number ?? "";
      return {
        name: `${project}/settings`,
        kmsServiceAccountId: cmekAccount(host, project),
        loggingServiceAccountId: `service-${number}@gcp-sa-logging.iam.gserviceaccount.com`,
      };
    },
  };
}
