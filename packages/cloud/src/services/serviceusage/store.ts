import { hasPreset, refuseWithoutBilling } from "../../chain/presets.ts";
import type { Host, Project } from "../../host.ts";
import { dependents, withNeeds } from "./rules.ts";

/** Identities of Google's own services that appear with their API, and the role that they get in the project. */
const agents: Readonly<Record<string, { readonly email: (number: string) => string; readonly role: string }>> = {
  "artifactregistry.googleapis.com": {
    email: (number) => `service-${number}@gcp-sa-artifactregistry.iam.gserviceaccount.com`,
    role: "roles/artifactregistry.serviceAgent",
  },
  "cloudscheduler.googleapis.com": {
    email: (number) => `service-${number}@gcp-sa-cloudscheduler.iam.gserviceaccount.com`,
    role: "roles/cloudscheduler.serviceAgent",
  },
  "redis.googleapis.com": {
    email: (number) => `service-${number}@cloud-redis.iam.gserviceaccount.com`,
    role: "roles/redis.serviceAgent",
  },
  "run.googleapis.com": {
    email: (number) => `service-${number}@serverless-robot-prod.iam.gserviceaccount.com`,
    role: "roles/run.serviceAgent",
  },
};

/**
 * Turns an API on, with what it needs; its service agent gets its role, as Google gives it. Throws FAILED_PRECONDITION
 * where that takes a billing account and there is none.
 */
export function enable(host: Host, project: Project, api: string): void {
  const off = withNeeds(api).filter((each) => !host.projects.enabled(project.id, each));
  if (hasPreset(host, "no-billing")) refuseWithoutBilling(project.number, off);
  host.db.tx(() => {
    for (const each of off) {
      host.projects.setEnabled(project.id, each, true);
      grantAgent(host, project, each);
    }
  });
}

/** Turns an API off, and those that lean on it. */
export function disable(host: Host, project: Project, api: string): void {
  host.db.tx(() => {
    for (const each of [...dependents(api, host.projects.enabledApis(project.id)), api]) {
      host.projects.setEnabled(project.id, each, false);
    }
  });
}

function grantAgent(host: Host, project: Project, api: string): void {
  const agent = agents[api];
  if (agent === undefined) return;
  const resource = `projects/${project.id}`;
  const policy = host.iam.policy(resource);
  const binding = { role: agent.role, members: [`serviceAccount:${agent.email(project.number)}`] };
  host.iam.setPolicy(resource, { ...policy, bindings: [...policy.bindings, binding] });
}
