import type { InvokerSpec, Value } from "../app/specs.ts";
import type { Kind, KindContext } from "./kind.ts";
import { orAbsent } from "./lib/answers.ts";
import { editPolicy, membersOf, readPolicy } from "./lib/policy.ts";
import { ourServices } from "./service.ts";
import { isGone, ourAccounts } from "./service-account.ts";

interface LiveInvokers {
  readonly members: readonly string[];
  /** Of these, the service accounts of this app: those that the file no longer names lose the role. */
  readonly ours: readonly string[];
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

/** Ours that are not wanted any more. None while a wanted one is not known yet: it may be among them. */
function stale(spec: InvokerSpec, have: LiveInvokers | undefined): string[] {
  const wanted = spec.members.map(memberOf);
  return wanted.includes(undefined) ? [] : (have?.ours ?? []).filter((member) => !wanted.includes(member));
}

async function observed(service: string, context: KindContext): Promise<LiveInvokers | undefined> {
  const policy = await orAbsent(readPolicy(context.google, owner(service, context), context.signal));
  if (policy === undefined) return undefined;
  const members = membersOf(policy, role);
  const accounts = members.length === 0 ? [] : ((await orAbsent(ourAccounts(context))) ?? []);
  const emails = new Set(accounts.map(({ email }) => `serviceAccount:${email}`));
  const gone = await Promise.all(members.map((member) => isGone(member, context)));
  const there = members.filter((_, i) => gone[i] !== true);
  return { members: there, ours: there.filter((member) => emails.has(member)) };
}

/** Who may call a private service. Members that are neither in the file nor service accounts of the app are left alone. */
export const invoker: Kind<InvokerSpec, LiveInvokers> = {
  name: "invoker",

  observe: ({ spec }, context) => observed(spec.service, context),

  diff: ({ spec }, have) => {
    const why = [...missing(spec, have).filter(Boolean), ...stale(spec, have).map((member) => `no longer ${member}`)];
    if (missing(spec, have).length + stale(spec, have).length === 0) return [];
    return [{ op: have === undefined || have.members.length === 0 ? "create" : "update", why: why.join(", ") }];
  },

  apply: async ({ spec }, have, _changes, context) => {
    const [add, drop] = [missing(spec, have), stale(spec, have)];
    await editPolicy(owner(spec.service, context), role, { add, drop, rebind: add.length > 0 }, context);
    const kept = (list: readonly string[] = []): string[] => list.filter((member) => !drop.includes(member));
    return { members: [...kept(have?.members), ...add], ours: kept(have?.ours) };
  },

  outputs: () => ({}),

  listOurs: async (context) => {
    const found = await Promise.all(
      (await ourServices(context)).map(async ({ id }) => ({ id, live: await observed(id, context) })),
    );
    return found.flatMap(({ id, live }) => (live === undefined || live.ours.length === 0 ? [] : [{ id, live }]));
  },

  remove: async ({ id, live }, context) => {
    await orAbsent(editPolicy(owner(id, context), role, { drop: live.ours }, context));
  },
};
