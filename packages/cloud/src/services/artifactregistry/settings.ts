import { ProjectSettings_RedirectionState as Redirection } from "../../../gen/artifactregistry-v1.enums.ts";
import type { ArtifactRegistry } from "../../../gen/types/google/devtools/artifactregistry/v1/service_pb.js";
import type { Host } from "../../host.ts";
import type { Methods } from "../../service.ts";
import { missing } from "./images.ts";
import { invalid, unimplemented } from "./rules.ts";

/** A project's settings: gcr.io is never redirected to repositories here. */
export function settingsMethods({ projects }: Host): Methods<typeof ArtifactRegistry> {
  const settings = (given: string) => {
    const [, id = ""] = /^projects\/([^/]+)\/projectSettings$/.exec(projects.canonical(given)) ?? [];
    if (id === "") throw invalid(`Invalid name of project settings: ${given}`);
    if (projects.get(id) === undefined) throw missing();
    return {
      name: `projects/${id}/projectSettings`,
      legacyRedirectionState: Redirection.REDIRECTION_FROM_GCR_IO_DISABLED,
    };
  };
  return {
    getProjectSettings: {
      permission: "artifactregistry.projectsettings.get",
      resource: (request) => request.name.replace(/\/projectSettings$/, ""),
      audit: "ADMIN_READ",
      handle: (request) => settings(request.name),
    },
    updateProjectSettings: {
      permission: "artifactregistry.projectsettings.update",
      resource: (request) => (request.projectSettings?.name ?? "").replace(/\/projectSettings$/, ""),
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const wanted = request.projectSettings?.legacyRedirectionState ?? 0;
        if (wanted > Redirection.REDIRECTION_FROM_GCR_IO_DISABLED) {
          throw unimplemented("the redirection of gcr.io to Artifact Registry");
        }
        return settings(request.projectSettings?.name ?? "");
      },
    },
  };
}
