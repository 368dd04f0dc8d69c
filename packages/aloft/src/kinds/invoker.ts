import type { InvokerSpec, Value } from "../app/specs.ts";
import type { Kind, KindContext } from "./kind.ts";
import { orAbsent } from "./lib/answers.ts";
import { editPolicy, membersOf, readPolicy } from "./lib/policy.ts";

interface LiveInvokers {
  readonly members: readonly string[];
}

const role = "roles/run.invoker";
const owner = (service: string, { place: { project, region } }: KindContext) => ({
  api: "run",
  path: `v2/projects/${project}/locations/${region}/services/${service}`,
});

/** A service's e-mail stands for its service account. */
const memberOf = (value: Value): string | undefined =>
  typeof value !== "string" ? undefined : /^[^:@]+@/.test(value) ? `serviceAccount:${value}` : value;

const missing = (spec: InvokerSpec, have: LiveInvokers | undefined): string[] =>
  spec.members.map((value) => memberOf(value) ?? "").filter((member) => !have?.members.includes(member));

/** Who may call a private service. Members that the file does not name are left alone. */
export const invoker: Kind<InvokerSpec, LiveInvokers> = {
  name: "invoker",

  observe: async ({ spec }, context) => {
    const policy = await orAbsent(readPolicy(context.google, owner(spec.service, context), context.signal));
    return policy === undefined ? undefined : { members: membersOf(policy, role) };
  },

  diff: ({ spec }, have) => {
    const absent = missing(spec, have);
    if (absent.length === 0) return [];
    return [
      {
        op: have === undefined || have.members.length === 0 ? "create" : "update",
        why: absent.filter(Boolean).join(", "),
      },
    ];
  },

  apply: async ({ spec }, have, _changes, context) => {
    const add = missing(spec, have);
    await editPolicy(owner(spec.service, context), role, { add }, context);
    return { members: [...(have?.members ?? []), ...add] };
  },

  outputs: () => ({}),
  listOurs: async () => [],
  remove: async () => {},
};
