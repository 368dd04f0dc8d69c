import type { SecretRef, ValueRef } from "./app.ts";
import { type Address, isRef, type Ref } from "./graph.ts";
import type { Problems } from "./problems.ts";

/** One evaluation of a file for one environment: what was declared, and which references were given out. */
export interface Scope {
  readonly app: string;
  readonly env: string;
  readonly problems: Problems;
}

/** Which evaluation a reference comes from, so that another app's is recognised. */
const origins = new WeakMap<object, Scope>();

export function valueRef(scope: Scope, $ref: Address, output: string): ValueRef {
  const made: ValueRef = Object.freeze({ $ref, output, holds: "value" as const });
  origins.set(made, scope);
  return made;
}

export function secretRef(scope: Scope, $ref: Address, output: string): SecretRef {
  const made: SecretRef = Object.freeze({ $ref, output, holds: "secret" as const });
  origins.set(made, scope);
  return made;
}

/** Whether the reference was given out in this evaluation; notes the problem where it was not. */
export function ours(ref: Ref, scope: Scope, at: string): boolean {
  const origin = origins.get(ref);
  if (origin === scope) return true;
  const whose =
    origin === undefined
      ? "was not made by this file's builder"
      : origin.app === scope.app
        ? "comes from another evaluation of this app"
        : `belongs to the app ${origin.app}`;
  scope.problems.add(
    at,
    `refers to ${ref.$ref}, which ${whose}`,
    `declare it in ${scope.app}, or give its value as text`,
  );
  return false;
}

export const isSecretRef = (value: unknown): value is SecretRef =>
  isRef(value) && (value as Partial<SecretRef>).holds === "secret";
