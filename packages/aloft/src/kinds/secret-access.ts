import type { SecretAccessSpec } from "../app/specs.ts";
import type { Kind, KindContext } from "./kind.ts";
import { orAbsent } from "./lib/answers.ts";
import { editPolicy, membersOf, type Policy, readPolicy, secretAccessor as role } from "./lib/policy.ts";
import { ourSecrets, secretPath } from "./lib/secrets.ts";
import { isGone, ourAccounts } from "./service-account.ts";

interface LiveAccess {
  readonly granted: boolean;
}

const owner = (secret: string, context: KindContext) => ({
  api: "secretmanager",
  path: secretPath(secret, context.place),
});

function policyOf(secret: string, context: KindContext): Promise<Policy | undefined> {
  return context.once(`policy of ${secret}`, () =>
    orAbsent(readPolicy(context.google, owner(secret, context), context.signal)),
  );
}

const accountOf = (email: string): string => email.slice(0, email.indexOf("@"));

/** That one service's identity may read one secret, and nothing else. Its id is `ACCOUNT:SECRET`. */
export const secretAccess: Kind<SecretAccessSpec, LiveAccess> = {
  name: "secret-access",

  observe: async ({ spec }, context) => {
    const policy = await policyOf(spec.secret, context);
    if (policy === undefined || typeof spec.email !== "string") return undefined;
    const member = `serviceAccount:${spec.email}`;
    const granted = membersOf(policy, role).includes(member) && !(await isGone(member, context));
    return granted ? { granted: true } : undefined;
  },

  diff: (_want, have) => (have === undefined ? [{ op: "create", why: "" }] : []),

  apply: async ({ spec }, _have, _changes, context) => {
    const edit = { add: [`serviceAccount:${String(spec.email)}`], rebind: true };
    await editPolicy(owner(spec.secret, context), role, edit, context);
    return { granted: true };
  },

  outputs: () => ({}),

  listOurs: async (context) => {
    const [secrets, accounts] = await Promise.all([ourSecrets(context), orAbsent(ourAccounts(context))]);
    const emails = new Set((accounts ?? []).map(({ email }) => `serviceAccount:${email}`));
    const found = await Promise.all(
      secrets.map(async ({ id }) => {
        const members = membersOf(await policyOf(id, context), role).filter((member) => emails.has(member));
        return members.map((member) => ({ id: `${accountOf(member.slice(15))}:${id}`, live: { granted: true } }));
      }),
    );
    return found.flat();
  },

  remove: async ({ id }, context) => {
    const [account = "", secret = ""] = id.split(":");
    const accounts = await orAbsent(ourAccounts(context));
    const email = accounts?.find((one) => accountOf(one.email) === account)?.email;
    if (email === undefined) return;
    const edit = { drop: [`serviceAccount:${email}`] };
    await orAbsent(editPolicy(owner(secret, context), role, edit, context));
  },
};
