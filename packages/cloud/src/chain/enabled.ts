import type { Project } from "../host.ts";
import type { CloudService } from "../service.ts";
import { errorInfo, RpcError } from "../wire/rpc-error.ts";

/** 403 SERVICE_DISABLED as Google answers it, with the link that would turn the API on. */
export function serviceDisabled(service: Pick<CloudService, "api" | "title">, project: Project): RpcError {
  const url = `https://console.developers.google.com/apis/api/${service.api}/overview?project=${project.number}`;
  const message = `${service.title} has not been used in project ${project.number} before or it is disabled. Enable it by visiting ${url} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.`;
  return new RpcError("PERMISSION_DENIED", message, [
    errorInfo("SERVICE_DISABLED", "googleapis.com", {
      activationUrl: url,
      consumer: `projects/${project.number}`,
      containerInfo: project.number,
      service: service.api,
      serviceTitle: service.title,
    }),
    { "@type": "type.googleapis.com/google.rpc.LocalizedMessage", locale: "en-US", message },
    {
      "@type": "type.googleapis.com/google.rpc.Help",
      links: [{ description: "Google developers console API activation", url }],
    },
  ]);
}

/** 403 CONSUMER_INVALID for a project that is to be deleted. */
export function projectDeleted(service: Pick<CloudService, "api">, project: Project): RpcError {
  const url = "https://console.developers.google.com/iam-admin/projects?pendingDeletion=true";
  return new RpcError("PERMISSION_DENIED", `Project #${project.number} has been deleted.`, [
    errorInfo("CONSUMER_INVALID", "googleapis.com", {
      consumer: `projects/${project.number}`,
      service: service.api,
    }),
    {
      "@type": "type.googleapis.com/google.rpc.Help",
      links: [{ description: "Google developers console", url }],
    },
  ]);
}
