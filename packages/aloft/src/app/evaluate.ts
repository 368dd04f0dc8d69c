import { basename } from "node:path";
import { Failure } from "@aloft/kit/failure";
import type { GraphOf } from "../plan/engine.ts";
import type { App, AppOptions, Env, EnvironmentOptions } from "./app.ts";
import { fields, record } from "./check.ts";
import { type Declared, declare } from "./declare.ts";
import type { Graph, Resource } from "./graph.ts";
import { appName, projectId, region } from "./names.ts";
import { closest, createProblems, type Problems } from "./problems.ts";
import { resourcesOf } from "./resources.ts";

const environment = fields({ project: projectId, region });
const readOptions = fields({ region, environments: record(environment, `{ prod: { project: "shop-prod" } }`) });

/** Checks the third argument of `defineApp`. */
function checkOptions(options: AppOptions, problems: Problems): void {
  const read = readOptions(options, "options", problems);
  for (const [name, given] of Object.entries(read?.environments ?? {})) {
    const at = `options.environments.${name}`;
    if (name === "local") problems.add(at, "is there always, and needs nothing", "leave it out");
    else if (!/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) {
      problems.add(at, "is no name of an environment: lower-case letters, digits, hyphens", `for example "staging"`);
    }
    // A project that is there and wrong was told of already.
    const named = (options.environments as Record<string, { project?: unknown } | undefined>)[name]?.project;
    if (given.project === undefined && named === undefined)
      problems.add(`${at}.project`, "is missing", `for example project: "shop-prod"`);
  }
}

interface Place {
  readonly project: string;
  readonly region: string;
}

/** Project and region of every environment, `local` first. */
function places(app: App): Map<string, Place> {
  const standard = app.options.region ?? "us-central1";
  const given: readonly [string, EnvironmentOptions][] = Object.entries(app.options.environments ?? {});
  return new Map([
    ["local", { project: `${app.name}-local`, region: standard }],
    ...given.map(([name, e]) => [name, { project: e?.project ?? "", region: e?.region ?? standard }] as const),
  ]);
}

/** Kinds whose ids must differ between environments of one project. */
const held = new Set(["service", "service-account", "secret", "derived-secret", "redis"]);

const freeze = <T>(value: T): T => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
};

/** See `GraphOf`. Pure: no I/O, the same file and environment give the same graph. */
export const graphOf: GraphOf = ({ app, file, folder }, envName, options = {}) => {
  const problems = createProblems();
  appName(app.name, "defineApp's name", problems);
  checkOptions(app.options, problems);
  const all = problems.list.length === 0 ? places(app) : new Map<string, Place>();
  const found = all.get(envName);
  if (problems.list.length === 0 && found === undefined) {
    const meant = closest(envName, all.keys());
    throw new Failure({
      code: "ENV_UNKNOWN",
      what: `${basename(file)} has no environment ${envName}.`,
      why: `It has ${[...all.keys()].join(", ")}.`,
      next: meant === undefined ? `add it under environments in ${basename(file)}` : `--env ${meant}`,
    });
  }
  const place: Place = { ...(found ?? { project: "", region: "" }), ...options.overrides };
  const sharing = [...all].filter(([name, other]) => name !== envName && other.project === place.project);

  const evaluate = (
    name: string,
    at: Place,
    noted: Problems,
  ): { declared: Declared; resources: readonly Resource[] } => {
    const env: Env = Object.freeze({ name, project: at.project, region: at.region });
    const declared = declare(app, env, file, noted);
    const repositoryId = sharing.length === 0 ? app.name : `${app.name}-${name}`;
    return { declared, resources: resourcesOf(declared, { app: app.name, project: at.project, folder, repositoryId }) };
  };

  const { declared, resources } = evaluate(envName, place, problems);
  for (const [name, other] of sharing) {
    const theirs = new Set(evaluate(name, other, createProblems()).resources.map((r) => `${r.kind} ${r.id}`));
    for (const { kind, id, address } of resources) {
      if (held.has(kind) && theirs.has(`${kind} ${id}`)) {
        problems.add(
          address,
          `has the id ${id} in ${envName} and in ${name}, which share the project ${place.project}`,
          "put env.name into its id",
        );
      }
    }
  }
  if (problems.list.length > 0) {
    const count = problems.list.length;
    throw new Failure({
      code: "CONFIG_INVALID",
      what: `${basename(file)} has ${count === 1 ? "a problem" : `${count} problems`}.`,
      next: `edit ${file}`,
      problems: problems.list,
    });
  }
  const graph: Graph = {
    app: app.name,
    env: envName,
    project: place.project,
    region: place.region,
    folder,
    resources,
    outputs: declared.outputs,
  };
  return freeze(graph);
};
