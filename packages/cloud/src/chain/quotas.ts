import type { MovableClock } from "@aloft/kit/clock";
import type { Projects } from "../host.ts";
import type { Call } from "../service.ts";
import { errorInfo, RpcError } from "../wire/rpc-error.ts";

interface Quota {
  readonly metric: string;
  readonly title: string;
  readonly limit: string;
  readonly perMinute: number;
}

const api = "secretmanager.googleapis.com";
const quota = (name: string, perMinute: number): Quota => ({
  metric: `${api}/${name.toLowerCase()}_requests`,
  title: `${name} requests`,
  limit: `${name}RequestsPerMinutePerProject`,
  perMinute,
});
const access = quota("Access", 90_000);
const read = quota("Read", 600);
const write = quota("Write", 600);

/** Google's limits for a project, by the minute: https://cloud.google.com/secret-manager/quotas */
export interface Quotas {
  /** Counts a call. Throws RESOURCE_EXHAUSTED in Google's words when the minute's are used up. */
  spend(call: Call, resource: string): void;
}

/** The quotas of Secret Manager, the one API whose limits an app's own calls may meet. */
export function createQuotas({ clock, projects }: { clock: MovableClock; projects: Projects }): Quotas {
  let minute = -1;
  const spent = new Map<string, number>();
  return {
    spend: (call, resource) => {
      if (call.api !== api) return;
      const project = projects.get(/^projects\/([^/]+)/.exec(resource)?.[1] ?? "");
      if (project === undefined) return;
      const now = Math.floor(clock.now() / 60_000);
      if (now !== minute) spent.clear();
      minute = now;
      const used = quotaOf(call.method);
      const key = `${project.id} ${used.metric}`;
      const count = (spent.get(key) ?? 0) + 1;
      if (count > used.perMinute) throw exhausted(used, project.number);
      spent.set(key, count);
    },
  };
}

function quotaOf(method: string): Quota {
  const verb = method.slice(method.lastIndexOf(".") + 1);
  if (verb === "AccessSecretVersion") return access;
  return /^(Get|List|Test)/.test(verb) ? read : write;
}

function exhausted({ metric, title, limit, perMinute }: Quota, number: string): RpcError {
  const name = limit.replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
  const per = name.replace(" per project", "");
  return new RpcError(
    "RESOURCE_EXHAUSTED",
    `Quota exceeded for quota metric '${title}' and limit '${per}' of service '${api}' for consumer 'project_number:${number}'.`,
    [
      errorInfo("RATE_LIMIT_EXCEEDED", "googleapis.com", {
        consumer: `projects/${number}`,
        quota_limit: limit,
        quota_limit_value: String(perMinute),
        quota_location: "global",
        quota_metric: metric,
        quota_unit: "1/min/{project}",
        service: api,
      }),
      {
        "@type": "type.googleapis.com/google.rpc.Help",
        links: [
          {
            description: "Request a higher quota limit.",
            url: "https://cloud.google.com/docs/quotas/help/request_increase",
          },
        ],
      },
    ],
  );
}
