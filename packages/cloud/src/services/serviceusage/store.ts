import { hasPreset, refuseWithoutBilling } from "../../chain/presets.ts";
import type { Host, Project } from "../../host.ts";
import { agentGrant } from "./agents.ts";
import { dependents, withNeeds } from "./rules.ts";

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
  const grant = agentGrant(api, project.number);
  if (grant === undefined) return;
  const resource = `projects/${project.id}`;
  const policy = host.iam.policy(resource);
  const binding = { role: grant.role, members: [grant.member] };
  host.iam.setPolicy(resource, { ...policy, bindings: [...policy.bindings, binding] });
}
