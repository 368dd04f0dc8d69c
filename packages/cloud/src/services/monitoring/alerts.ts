import type { AlertPolicy, AlertPolicySchema } from "../../../gen/types/google/monitoring/v3/alert_pb.js";
import type { AlertPolicyService } from "../../../gen/types/google/monitoring/v3/alert_service_pb.js";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { applyFieldMask } from "../../wire/field-mask.ts";
import { parseMetricFilter } from "./filter.ts";
import { access, type Kept, kept, newId } from "./kept.ts";
import { badField, invalid, projectOfName } from "./rules.ts";

const changeable = [
  "display_name",
  "documentation",
  "user_labels",
  "conditions",
  "combiner",
  "enabled",
  "notification_channels",
  "alert_strategy",
  "severity",
];

export interface Policies extends Kept<typeof AlertPolicySchema> {
  /** How many policies of a project have a condition whose filter has the text in it. */
  watching(project: string, text: string): number;
}

export function alertPolicies(host: Host): Policies {
  const policies = kept<typeof AlertPolicySchema>(host, {
    table: "alert_policies",
    type: "AlertPolicy",
    collection: "alertPolicies",
    what: "alert policy",
  });
  const mentions = ({ condition }: AlertPolicy["conditions"][number], text: string): boolean => {
    const value = condition.value;
    return value !== undefined && "filter" in value && value.filter.includes(text);
  };
  return {
    ...policies,
    watching: (parent, text) =>
      policies.all.list({ parent, where: ({ conditions }) => conditions.some((each) => mentions(each, text)) }).items
        .length,
  };
}

/** `google.monitoring.v3.AlertPolicyService`: policies are kept and checked; no alert is raised here, which is said. */
export function alertsRpc(host: Host, policies: Policies): RpcService {
  const { schemas } = host;
  const ofProject = ({ name }: { readonly name: string }): string => `projects/${projectOfName(name)}`;

  const finished = (policy: AlertPolicy): AlertPolicy => {
    check(policy);
    for (const condition of policy.conditions) {
      if (!condition.name.startsWith(`${policy.name}/conditions/`)) {
        condition.name = `${policy.name}/conditions/${newId(host)}`;
      }
    }
    if (policy.documentation?.mimeType === "") policy.documentation.mimeType = "text/markdown";
    policies.all.put(policy.name, policy);
    host.note(
      "monitoring.alerts",
      "Monitoring: alert policies are kept; their conditions are not watched and no alert is raised.",
    );
    return policy;
  };

  return rpc<typeof AlertPolicyService>("google.monitoring.v3.AlertPolicyService", {
    listAlertPolicies: {
      ...access("alertPolicies.list", "ADMIN_READ"),
      resource: ofProject,
      handle: (request) => {
        const { items, ...rest } = policies.list(request);
        return { alertPolicies: items, ...rest };
      },
    },
    getAlertPolicy: {
      ...access("alertPolicies.get", "ADMIN_READ"),
      resource: ({ name }) => name,
      handle: ({ name }) => policies.find(name),
    },
    createAlertPolicy: {
      ...access("alertPolicies.create", "ADMIN_WRITE"),
      resource: ofProject,
      handle: ({ name, alertPolicy: given }, call) => {
        if (given === undefined) throw invalid(badField("alert_policy", undefined, "A policy must be given."));
        const policy = schemas.clone(policies.schema, given);
        policy.name = policies.newName(name);
        policy.enabled ??= true;
        policy.creationRecord = policies.record(call.caller.email);
        policy.mutationRecord = policies.record(call.caller.email);
        return finished(policy);
      },
    },
    updateAlertPolicy: {
      ...access("alertPolicies.update", "ADMIN_WRITE"),
      resource: ({ alertPolicy }) => alertPolicy?.name ?? "",
      handle: ({ alertPolicy: given, updateMask }, call) => {
        if (given === undefined) throw invalid(badField("alert_policy", undefined, "A policy must be given."));
        const policy = schemas.clone(policies.schema, policies.find(given.name));
        // Without a mask the whole policy is replaced.
        const paths = updateMask === undefined || updateMask.paths.length === 0 ? ["*"] : updateMask.paths;
        applyFieldMask(policies.schema, policy, schemas.clone(policies.schema, given), { paths, changeable });
        policy.enabled ??= true;
        policy.mutationRecord = policies.record(call.caller.email);
        return finished(policy);
      },
    },
    deleteAlertPolicy: {
      ...access("alertPolicies.delete", "ADMIN_WRITE"),
      resource: ({ name }) => name,
      handle: ({ name }) => {
        policies.all.delete(policies.find(name).name);
        return {};
      },
    },
  });
}

/**
 * What takes the place of a filter where an alert is on an objective: `select_slo_burn_rate("projects/…", "1h")`. See
 * https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring/api/timeseries-selectors
 */
const objectiveSelector =
  /^\s*select_slo_(health|compliance|burn_rate|budget|budget_fraction|budget_total|counts)\(\s*"?(projects|folders|organizations)\/[^/",)]+\/services\/[^/",)]+\/serviceLevelObjectives\/[^/",)\s]+"?\s*(,\s*"?\d+[smhd]"?\s*)?\)\s*$/;

function check(policy: AlertPolicy): void {
  if (policy.displayName === "") {
    throw invalid(badField("alert_policy.display_name", "", "A display name must be given."));
  }
  if (policy.conditions.length < 1 || policy.conditions.length > 6) {
    throw invalid(badField("alert_policy.conditions", undefined, "A policy must have one to six conditions."));
  }
  if (policy.combiner === 0 && policy.conditions.length > 1) {
    throw invalid(badField("alert_policy.combiner", "COMBINE_UNSPECIFIED", "A combiner must be given."));
  }
  policy.conditions.forEach(({ condition }, i) => {
    const at = `alert_policy.conditions[${i}]`;
    if (condition.case === undefined) throw invalid(badField(at, undefined, "A condition must be given."));
    if (condition.case !== "conditionThreshold" && condition.case !== "conditionAbsent") return;
    if (objectiveSelector.test(condition.value.filter)) return;
    if (parseMetricFilter(condition.value.filter).type === undefined) {
      const why = 'must specify a restriction on "metric.type" in the filter.';
      throw invalid(badField(`${at}.filter`, condition.value.filter, why));
    }
  });
}
