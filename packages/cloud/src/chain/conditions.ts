import type { Binding } from "../host.ts";
import { RpcError } from "../wire/rpc-error.ts";
import { CelProblem, checkCel, compileCel } from "./cel.ts";
import type { ConditionResource } from "./condition-resource.ts";

/** What an API says of a call to the conditions that ask by `api.getAttribute`. */
export type ApiAttributes = Readonly<Record<string, readonly string[]>>;

export interface ConditionContext {
  readonly resource: ConditionResource;
  readonly nowMs: number;
  readonly api?: ApiAttributes | undefined;
  /** What `resource.matchTag` and its like are true for, as `tagFacts` gives it. */
  readonly tags?: readonly string[];
}

/** Of Google's attributes, by variable: `true` is here; the others are known by name. */
const fields: Readonly<Record<string, Readonly<Record<string, boolean>>>> = {
  resource: { name: true, type: true, service: true },
  request: { time: true, path: false, host: false, auth: false },
  destination: { ip: false, port: false },
  device: {},
  levels: {},
  origin: {},
};
const unimplementedVariables = new Set(["destination", "device", "levels", "origin"]);
const tagFunctions = new Set(["matchTag", "matchTagId", "hasTagKey", "hasTagKeyId"]);
const knownAttribute = "iam.googleapis.com/modifiedGrantsByRole";
const basicRoles = new Set(["roles/owner", "roles/editor", "roles/viewer"]);

/** Whether a condition lets through, now and on this resource. One that cannot be worked out does not. */
export function conditionHolds(expression: string, context: ConditionContext): boolean {
  try {
    return compileCel(expression)(variablesOf(context)) === true;
  } catch (thrown) {
    if (thrown instanceof CelProblem) return false;
    throw thrown;
  }
}

/** Throws INVALID_ARGUMENT for a condition that Google refuses, UNIMPLEMENTED for what is not evaluated here. */
export function checkCondition({ role, members, condition }: Binding): void {
  if (condition === undefined) return;
  if (basicRoles.has(role)) {
    throw lint("BindingRoleAllowConditionCheck", "Conditions can't be set on primitive roles");
  }
  if (members.some((member) => member === "allUsers" || member === "allAuthenticatedUsers")) {
    throw lint("BindingMemberAllowConditionCheck", "Conditions can't be set on allUsers or allAuthenticatedUsers");
  }
  checkExpression(condition.expression);
}

/** The same of an expression alone. */
export function checkExpression(expression: string): void {
  try {
    checkCel(expression, {
      variables: new Set([...Object.keys(fields), "api"]),
      select: checkField,
      call: (name, target, literals) => checkCall(name, target, literals),
    });
    checkResult(expression);
  } catch (thrown) {
    if (!(thrown instanceof CelProblem)) throw thrown;
    throw lint("ConditionCompileCheck", `Expression compilation failed. ERROR: expression: ${thrown.message}`);
  }
}

/** The same of the condition of a deny rule, where Google knows resource tags alone. */
export function checkTagExpression(expression: string): void {
  const only = (what: string): never => {
    throw new CelProblem(`${what} is not supported: deny conditions know the functions of resource tags alone`);
  };
  try {
    checkCel(expression, {
      variables: new Set([...Object.keys(fields), "api"]),
      select: (variable, field) => only(`${variable}.${field}`),
      call: (name, target) => {
        if (/^\w+$/.test(name) && !(tagFunctions.has(name) && target === "resource")) only(name);
      },
    });
    checkResult(expression);
  } catch (thrown) {
    if (!(thrown instanceof CelProblem)) throw thrown;
    throw lint("ConditionCompileCheck", `Expression compilation failed. ERROR: expression: ${thrown.message}`);
  }
}

function checkField(variable: string, field: string): void {
  if (unimplementedVariables.has(variable)) throw unimplemented(`${variable}.${field}`);
  const known = fields[variable]?.[field];
  if (known === undefined) throw new CelProblem(`undefined field '${field}'`);
  if (!known) throw unimplemented(`${variable}.${field}`);
}

function checkCall(name: string, target: string | undefined, literals: readonly unknown[]): void {
  if (tagFunctions.has(name) && target !== "resource") {
    throw new CelProblem(`found no matching overload for '${name}'`);
  }
  if (name === "inIpRange" || name === "normalizeMacAddr") throw unimplemented(name);
  if (name !== "getAttribute") return;
  if (target !== "api") throw new CelProblem("found no matching overload for 'getAttribute'");
  if (literals[0] !== knownAttribute) throw unimplemented(`api.getAttribute("${String(literals[0])}", …)`);
}

/** Types are found out by trying: what is wrong whatever the call is refused. */
function checkResult(expression: string): void {
  const resource = { name: "projects/1/secrets/s", type: "t", service: "s" };
  let value: unknown;
  try {
    value = compileCel(expression)(variablesOf({ resource, nowMs: 0 }));
  } catch (thrown) {
    if (thrown instanceof CelProblem && /no matching overload|unbound function|unresolved/.test(thrown.message)) {
      throw thrown;
    }
    // Another call may well succeed: an index, a conversion of a part of the name.
    return;
  }
  if (typeof value !== "boolean") throw new CelProblem("expected type 'bool' for the whole expression");
}

function variablesOf({ resource, nowMs, api, tags = [] }: ConditionContext): Record<string, unknown> {
  const seconds = Math.floor(nowMs / 1000);
  const time = {
    $typeName: "google.protobuf.Timestamp",
    seconds: BigInt(seconds),
    nanos: Math.floor((nowMs - seconds * 1000) * 1e6),
  };
  const facts = Object.fromEntries(tags.map((fact) => [fact, true]));
  return { resource: { ...resource, ...facts }, request: { time }, api: api ?? {} };
}

function lint(unit: string, text: string): RpcError {
  return new RpcError("INVALID_ARGUMENT", `LintValidationUnits/${unit} Error: ${text}`);
}

function unimplemented(what: string): RpcError {
  return new RpcError("UNIMPLEMENTED", `The local cloud does not implement ${what} in IAM conditions.`);
}
