import { type Google, GoogleError } from "@aloft/google";
import { retry } from "@aloft/kit/retry";
import type { ApplyContext } from "../kind.ts";

/** That reads the values of a secret. */
export const secretAccessor = "roles/secretmanager.secretAccessor";

export interface Binding {
  readonly role: string;
  readonly members?: readonly string[];
  readonly condition?: unknown;
}

export interface Policy {
  readonly version?: number;
  readonly bindings?: readonly Binding[];
  readonly etag?: string;
}

/** A resource with a policy of its own: `{ api: "secretmanager", path: "v1/projects/p/secrets/s" }`. */
export interface PolicyOwner {
  readonly api: string;
  readonly path: string;
}

/** Version 3 is asked for, or conditions would be lost in the write. */
export function readPolicy(google: Google, { api, path }: PolicyOwner, signal?: AbortSignal): Promise<Policy> {
  return google.request<Policy>({
    api,
    path: `${path}:getIamPolicy`,
    query: { "options.requestedPolicyVersion": 3 },
    ...(signal ? { signal } : {}),
  });
}

/** Members of the role without a condition. */
export function membersOf(policy: Policy | undefined, role: string): readonly string[] {
  const bindings = policy?.bindings ?? [];
  return bindings.filter((b) => b.role === role && b.condition === undefined).flatMap((b) => b.members ?? []);
}

/**
 * The policy with members added to and taken from a role; the same object when nothing changes. What an earlier account of
 * an added one's name left (`deleted:serviceAccount:…?uid=…`) goes.
 */
export function edited(
  policy: Policy,
  role: string,
  edit: { readonly add?: readonly string[]; readonly drop?: readonly string[] },
): Policy {
  const now = membersOf(policy, role);
  const next = [
    ...new Set([
      ...now.filter((m) => !edit.drop?.includes(m) && !edit.add?.some((a) => m.startsWith(`deleted:${a}?`))),
      ...(edit.add ?? []),
    ]),
  ];
  if (next.length === now.length && next.every((m) => now.includes(m))) return policy;
  const others = (policy.bindings ?? []).filter((b) => b.role !== role || b.condition !== undefined);
  const mine: readonly Binding[] = next.length === 0 ? [] : [{ role, members: next }];
  const conditional = others.some((b) => b.condition !== undefined);
  return { ...policy, version: conditional ? 3 : (policy.version ?? 1), bindings: [...others, ...mine] };
}

export interface PolicyEdit {
  readonly add?: readonly string[];
  readonly drop?: readonly string[];
  /** Write also what stands there already: the name of an account made anew then means the new one. */
  readonly rebind?: boolean;
}

/**
 * Read, edit, write with the etag; again when another was faster (ABORTED), or when a service account just made is not
 * known yet (400 "does not exist", which Google says for a minute or two). One that was made in this run is waited for
 * eight minutes, another half of one: its name may be wrong.
 */
export function editPolicy(owner: PolicyOwner, role: string, edit: PolicyEdit, context: ApplyContext): Promise<void> {
  const { google, clock, signal } = context;
  const attempt = async (): Promise<void> => {
    const policy = await readPolicy(google, owner, signal);
    const next = edited(policy, role, edit);
    if (next === policy && edit.rebind !== true) return;
    await google.request({
      api: owner.api,
      path: `${owner.path}:setIamPolicy`,
      verb: "POST",
      body: { policy: next },
      ...(signal ? { signal } : {}),
    });
  };
  return context.serial(`policy ${owner.path}`, () =>
    retry(attempt, {
      tries: context.freshGrant ? 36 : 8,
      firstDelayMs: 250,
      maxDelayMs: 15_000,
      clock,
      ...(signal ? { signal } : {}),
      retryable: (thrown) =>
        thrown instanceof GoogleError &&
        (thrown.code === "ABORTED" ||
          thrown.code === "UNAVAILABLE" ||
          (thrown.code === "INVALID_ARGUMENT" && /does not exist/i.test(thrown.message))),
      onRetry: (thrown) => {
        if (thrown instanceof GoogleError && thrown.code === "INVALID_ARGUMENT")
          context.progress("waiting for IAM to know the service account");
      },
    }),
  );
}
