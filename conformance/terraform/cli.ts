import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Place, project, type Ran } from "../place.ts";

/** A resource or its planned change, as `terraform show -json` tells it. */
export interface Change {
  readonly address: string;
  readonly mode: "managed" | "data";
  readonly type: string;
  readonly change: {
    readonly actions: readonly ("no-op" | "create" | "read" | "update" | "delete")[];
    readonly before: Values | null;
    readonly after: Values | null;
    readonly replace_paths?: readonly (readonly (string | number)[])[];
    readonly importing?: { readonly id: string };
  };
}

export type Values = Readonly<Record<string, unknown>>;

export interface Resource {
  readonly address: string;
  readonly mode: "managed" | "data";
  readonly type: string;
  readonly values: Values;
}

interface Module {
  readonly resources?: readonly Resource[];
  readonly child_modules?: readonly Module[];
}

export interface Plan {
  readonly changes: readonly Change[];
  /** What is there after it. */
  readonly planned: readonly Resource[];
}

/** Terraform in one folder, as `aloft exec` runs it. */
export interface Terraform {
  readonly folder: string;
  init(): Promise<Ran>;
  /** Keeps the plan for `apply`. Throws what Terraform said when there is none. */
  plan(...more: readonly string[]): Promise<Plan>;
  /** Applies the plan that was kept. Throws what Terraform said. */
  apply(): Promise<void>;
  destroy(...more: readonly string[]): Promise<Ran>;
  state(): Promise<readonly Resource[]>;
  forget(addresses: readonly string[]): Promise<Ran>;
}

/** `values`: what is said of variables at this time; `environment`: of those that the configuration leaves open. */
export function terraformIn(
  place: Place,
  folder: string,
  values: () => readonly string[],
  environment: Readonly<Record<string, string>>,
): Terraform {
  const file = join(folder, "kept.tfplan");
  const run = (...args: readonly string[]): Promise<Ran> =>
    place.exec(["terraform", ...args], {
      cwd: folder,
      exec: ["--project", project],
      timeoutMs: 300_000,
      env: {
        ...environment,
        ...{ CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1", TF_INPUT: "0", TF_CLI_ARGS: "-no-color" },
      },
    });
  const said = async (ran: Promise<Ran>): Promise<string> => {
    const ended = await ran;
    if (ended.code !== 0) throw new Error(errorOf(ended));
    return ended.stdout;
  };
  return {
    folder,
    init: () => run("init"),
    plan: async (...more) => {
      rmSync(file, { force: true });
      await said(run("plan", `-out=${file}`, ...values(), ...more));
      const shown = JSON.parse(await said(run("show", "-json", file)));
      return { changes: shown.resource_changes ?? [], planned: resourcesOf(shown.planned_values?.root_module) };
    },
    apply: async () => void (await said(run("apply", file))),
    destroy: (...more) => run("destroy", "-auto-approve", ...values(), ...more),
    state: async () => resourcesOf(JSON.parse(await said(run("show", "-json"))).values?.root_module),
    forget: (addresses) => run("state", "rm", ...addresses),
  };
}

function resourcesOf(module: Module | undefined): readonly Resource[] {
  if (module === undefined) return [];
  return [...(module.resources ?? []), ...(module.child_modules ?? []).flatMap(resourcesOf)];
}

/** What Terraform's boxes say, without the boxes. */
export function errorOf({ code, stderr, stdout }: Ran): string {
  const said = (stderr.trim() || stdout.trim()).replace(/^[╷╵│]\s?/gm, "").split("\n");
  const lines = said.filter((line) => line.trim() !== "");
  return [`exit code ${code}`, ...lines.slice(0, 24)].join("\n");
}
