import { GoogleError } from "@aloft/google";
import { Failure } from "@aloft/kit/failure";
import type { Address, Graph, Resource } from "../app/graph.ts";
import { accountId } from "../app/names.ts";
import { closest } from "../app/problems.ts";
import type { ServiceSpec } from "../app/specs.ts";
import { kindOf, kinds } from "../kinds/index.ts";
import type { AnyKind, Change, Found, KindContext } from "../kinds/kind.ts";
import type { MakePlan } from "./engine.ts";
import { connectionFailure, explain } from "./explain.ts";
import { withInternals } from "./internals.ts";
import { contextOf, knownFromFile, wantOf } from "./observe.ts";
import { ordered, selected } from "./order.ts";
import { limited } from "./parallel.ts";
import type { Blocker, Step, StepAction } from "./plan.ts";

/** Observations under way at once. */
const observedAtOnce = 16;

type Outcome<T> = { readonly value: T } | { readonly thrown: unknown };
const settle = <T>(work: Promise<T>): Promise<Outcome<T>> =>
  work.then(
    (value) => ({ value }),
    (thrown: unknown) => ({ thrown }),
  );

/** See `MakePlan`. Reads only. */
export const makePlan: MakePlan = async (graph, google, options = {}) => {
  const context = contextOf(graph, google, options);
  const beganMs = context.clock.now();
  const resources = ordered(options.only === undefined ? graph.resources : selected(graph.resources, options.only));
  if (resources.length === 0 && options.only !== undefined) {
    throw new Failure({
      code: "INPUT_INVALID",
      what: `Nothing in the file is named ${options.only.join(", ")}.`,
      next: meantBy(options.only, graph),
    });
  }
  const known = knownFromFile(graph);
  const run = limited(observedAtOnce);
  const [observed, listed] = await Promise.all([
    Promise.all(
      resources.map((resource) =>
        run(() => settle(kindOf(resource.kind).observe(wantOf(resource, graph, known), context))),
      ),
    ),
    options.only === undefined ? listOurs(context, run) : [],
  ]);
  throwFailures([...observed, ...listed.map(({ outcome }) => outcome)], graph);
  const observedMs = context.clock.now() - beganMs;

  const blockers: Blocker[] = [];
  const steps: Step[] = [];
  const have = new Map<Address, unknown>();
  const changes = new Map<Address, readonly Change[]>();
  resources.forEach((resource, i) => {
    const outcome = observed[i] as Outcome<unknown>;
    if ("thrown" in outcome) {
      blockers.push(blockerOf(resource.address, outcome.thrown, graph));
      steps.push(stepOf(resource, []));
      return;
    }
    const kind = kindOf(resource.kind);
    const want = wantOf(resource, graph, known);
    have.set(resource.address, outcome.value);
    known.set(resource.address, kind.outputs(want, outcome.value));
    const found = kind.diff(want, outcome.value);
    changes.set(resource.address, found);
    blockers.push(...(kind.blockers?.(want, outcome.value) ?? []));
    const keeps = outcome.value === undefined ? [] : (kind.keeps?.(want, outcome.value) ?? []);
    steps.push(stepOf(resource, found, keeps));
  });

  const found = new Map<Address, Found<unknown>>();
  for (const { kind, outcome } of listed) {
    if ("thrown" in outcome) blockers.push(blockerOf(`${kind.name}/*`, outcome.thrown, graph));
    else for (const one of leftOver(kind, outcome.value, graph)) found.set(`${kind.name}/${one.id}`, one);
  }
  const changing = steps
    .filter(({ kind, action }) => kind === "service" && action !== "none")
    .map((step) => step.address);
  steps.push(...deleteSteps(found, changing));
  return withInternals(
    { graph, steps, blockers: blockers.filter(firstOfItsGrant), observedMs },
    { have, changes, found, known, cache: context.cache },
  );
};

/** The name that was probably meant, else all there are. */
function meantBy(only: readonly string[], { resources }: Graph): string {
  const names = resources.flatMap(({ address, kind }) => [address, kind, address.slice(kind.length + 1)]);
  const meant = closest(only[0] ?? "", names);
  return meant === undefined ? `one of ${resources.map(({ address }) => address).join(", ")}` : `--only ${meant}`;
}

/** One grant mends many: each is told once. */
const firstOfItsGrant = (blocker: Blocker, i: number, all: readonly Blocker[]): boolean =>
  blocker.code !== "PERMISSION_DENIED" || all.findIndex(({ next }) => next === blocker.next) === i;

interface Listed {
  readonly kind: AnyKind;
  readonly outcome: Outcome<readonly Found<unknown>[]>;
}

/** All that is ours and live, by kind. */
export function listOurs(context: KindContext, run = limited(observedAtOnce)): Promise<readonly Listed[]> {
  return Promise.all(kinds.map(async (kind) => ({ kind, outcome: await run(() => settle(kind.listOurs(context))) })));
}

/** A service whose live variables stay goes on reading the secrets in them. */
const mergesEnv = ({ kind, spec }: Resource): boolean => kind === "service" && (spec as ServiceSpec).merge === true;

/** Those that the file does not name. A derived secret is a secret of ours too; grants go with their secret. */
function leftOver(kind: AnyKind, all: readonly Found<unknown>[], graph: Graph): readonly Found<unknown>[] {
  const same = kind.name === "secret" ? ["secret", "derived-secret"] : [kind.name];
  const wanted = new Set(graph.resources.filter((r) => same.includes(r.kind)).map((r) => r.id));
  if (kind.name !== "secret-access") return all.filter(({ id }) => !wanted.has(id));
  const secrets = new Set(graph.resources.filter((r) => r.kind.endsWith("secret")).map((r) => r.id));
  const merging = new Set(graph.resources.flatMap((r) => (mergesEnv(r) ? [accountId(r.id)] : [])));
  return all.filter(({ id }) => {
    const [account = "", secret = ""] = id.split(":");
    return !wanted.has(id) && secrets.has(secret) && !merging.has(account);
  });
}

/** One step for each that goes; what uses others goes first, after the services that let go of it. */
export function deleteSteps(found: ReadonlyMap<Address, Found<unknown>>, after: readonly Address[]): readonly Step[] {
  const steps: Step[] = [];
  for (const kind of [...kinds].reverse()) {
    const before = [...steps.filter((step) => step.kind !== kind.name).map((step) => step.address)];
    for (const [address, { id }] of found) {
      if (!address.startsWith(`${kind.name}/`)) continue;
      steps.push({
        address,
        kind: kind.name,
        id,
        action: "delete",
        reasons: [],
        ...(kind.holdsData === true ? { holdsData: true } : {}),
        needs: [...after, ...before],
      });
    }
  }
  return steps;
}

const weight: readonly StepAction[] = ["none", "repair", "update", "create", "replace"];

function stepOf(
  { address, kind, id, needs }: Resource,
  changes: readonly Change[],
  keeps: readonly string[] = [],
): Step {
  const action = changes.reduce<StepAction>(
    (worst, { op }) => (weight.indexOf(op) > weight.indexOf(worst) ? op : worst),
    "none",
  );
  const effect = changes.find((change) => change.effect !== undefined)?.effect;
  return {
    address,
    kind,
    id,
    action,
    ...(effect === undefined ? {} : { effect }),
    reasons: changes.map(({ why }) => why).filter((why) => why !== ""),
    ...(keeps.length === 0 ? {} : { keeps }),
    ...(kindOf(kind).holdsData === true ? { holdsData: true } : {}),
    needs,
  };
}

function blockerOf(address: Address, thrown: unknown, graph: Graph): Blocker {
  const { what, why, next } = explain(thrown, graph);
  const denied = thrown instanceof GoogleError && thrown.code === "PERMISSION_DENIED";
  return {
    address,
    code: denied ? "PERMISSION_DENIED" : "API_ERROR",
    what: `${address}: ${what}`,
    next: next ?? why ?? "try again",
  };
}

/** What makes a plan impossible: no connection, or entries that do not compile (all of them told together). */
function throwFailures(outcomes: readonly Outcome<unknown>[], graph: Graph): void {
  const thrown = outcomes.flatMap((outcome) => ("thrown" in outcome ? [outcome.thrown] : []));
  for (const one of thrown) {
    const failure = connectionFailure(one, graph);
    if (failure !== undefined) throw failure;
  }
  for (const one of thrown) if (!(one instanceof GoogleError) && !(one instanceof Failure)) throw one;
  const failures = thrown.filter((one) => one instanceof Failure);
  const [first] = failures;
  if (first === undefined) return;
  const others = failures.filter((one) => one.code === first.code && one.message !== first.message);
  if (others.length === 0) throw first;
  const { code, what, why, next } = first;
  throw new Failure({
    code,
    what,
    ...(why === undefined ? {} : { why }),
    ...(next === undefined ? {} : { next }),
    problems: [
      ...first.problems,
      ...others.flatMap((one) => (one.problems.length > 0 ? one.problems : [{ what: one.what }])),
    ],
    cause: first,
  });
}
