import { join } from "node:path";
import { type Place, project, type Ran } from "../place.ts";

export type Values = Readonly<Record<string, unknown>>;

/** What the state holds of a resource. */
export interface Resource {
  readonly address: string;
  readonly mode: "managed" | "data";
  readonly type: string;
  readonly values: Values;
}

/** What a plan does to a resource, as Terraform announces it. */
export interface Change {
  readonly address: string;
  readonly type: string;
  readonly action: "create" | "update" | "replace" | "delete" | "import" | "read" | "move" | "forget";
  readonly imported: boolean;
}

/** The same with what is in it. */
export interface Detail {
  readonly address: string;
  readonly type: string;
  readonly actions: readonly string[];
  readonly before: Values | null;
  readonly after: Values | null;
  /** The attributes that it is to be made anew for. */
  readonly replace_paths?: readonly (readonly (string | number)[])[];
}

/** Terraform in one folder, as `aloft exec` runs it. Each throws what Terraform said when it fails. */
export interface Terraform {
  init(): Promise<void>;
  /** Of what is managed; the plan is kept for `apply` and `details`. */
  plan(...more: readonly string[]): Promise<readonly Change[]>;
  /** What the kept plan changes, whole. */
  details(): Promise<readonly Detail[]>;
  /** The kept plan. */
  apply(): Promise<void>;
  /** Plans and applies at once; answers what was planned. */
  applyNow(): Promise<readonly Change[]>;
  destroy(): Promise<void>;
  state(): Promise<readonly Resource[]>;
  forget(addresses: readonly string[]): Promise<void>;
}

/** `values`: what is said of variables at this time; `environment`: of those that the configuration leaves open. */
export function terraformIn(
  place: Place,
  folder: string,
  values: () => readonly string[],
  environment: Readonly<Record<string, string>>,
): Terraform {
  const file = join(folder, "kept.tfplan");
  const run = async (...args: readonly string[]): Promise<string> => {
    const ran = await place.exec(["terraform", ...args], {
      cwd: folder,
      exec: ["--project", project],
      timeoutMs: 420_000,
      env: {
        ...environment,
        ...{ CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1", TF_INPUT: "0", TF_CLI_ARGS: "-no-color" },
      },
    });
    if (ran.code !== 0) throw new Error(errorOf(ran));
    return ran.stdout;
  };
  return {
    init: async () => void (await run("init")),
    plan: async (...more) => changesIn(await run("plan", "-json", `-out=${file}`, ...values(), ...more)),
    details: async () => detailsIn(JSON.parse(await run("show", "-json", file))),
    apply: async () => void (await run("apply", "-json", file)),
    applyNow: async () => changesIn(await run("apply", "-json", "-auto-approve", ...values())),
    destroy: async () => void (await run("destroy", "-json", "-auto-approve", ...values())),
    state: async () => resourcesIn(await run("state", "pull")),
    forget: async (addresses) => void (await run("state", "rm", ...addresses)),
  };
}

interface Said {
  readonly type?: string;
  readonly change?: {
    readonly resource: { readonly addr: string; readonly resource_type: string };
    readonly action: Change["action"];
    readonly importing?: object;
  };
  readonly diagnostic?: {
    readonly severity: string;
    readonly summary: string;
    readonly detail?: string;
    readonly address?: string;
  };
}

function saidIn(stdout: string): readonly Said[] {
  return stdout.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as Said] : []));
}

function changesIn(stdout: string): readonly Change[] {
  return saidIn(stdout).flatMap(({ type, change }) => {
    if (type !== "planned_change" || change === undefined) return [];
    const { resource, action, importing } = change;
    if (action === "read") return [];
    return [{ address: resource.addr, type: resource.resource_type, action, imported: importing !== undefined }];
  });
}

interface Shown {
  readonly resource_changes?: readonly {
    readonly address: string;
    readonly mode: string;
    readonly type: string;
    readonly change: Omit<Detail, "address" | "type">;
  }[];
}

function detailsIn({ resource_changes: changes = [] }: Shown): readonly Detail[] {
  return changes
    .filter(({ mode }) => mode === "managed")
    .map(({ address, type, change }) => ({ address, type, ...change }));
}

interface State {
  readonly resources?: readonly {
    readonly module?: string;
    readonly mode: "managed" | "data";
    readonly type: string;
    readonly name: string;
    readonly instances: readonly { readonly index_key?: string | number; readonly attributes?: Values }[];
  }[];
}

/** Nothing has been kept yet: no text at all. */
function resourcesIn(pulled: string): readonly Resource[] {
  const { resources = [] } = pulled.trim() === "" ? {} : (JSON.parse(pulled) as State);
  return resources.flatMap(({ module, mode, type, name, instances }) => {
    const base = [...(module === undefined ? [] : [module]), ...(mode === "data" ? ["data"] : []), type, name].join(
      ".",
    );
    return instances.map(({ index_key: key, attributes: values = {} }) => ({
      address: key === undefined ? base : `${base}[${JSON.stringify(key)}]`,
      ...{ mode, type, values },
    }));
  });
}

/** What Terraform says went wrong: its diagnostics, or its boxes without the boxes. */
function errorOf({ code, stderr, stdout }: Ran): string {
  const told = saidIn(stdout).flatMap(({ diagnostic }) => {
    if (diagnostic?.severity !== "error") return [];
    const { summary, detail = "", address } = diagnostic;
    return [address === undefined ? summary : `${address}: ${summary}`, ...detail.split("\n")];
  });
  const boxes = stderr.replace(/^[╷╵│]\s?/gm, "").split("\n");
  const lines = [...told, ...boxes].filter((line) => line.trim() !== "");
  return [`exit code ${code}`, ...lines.slice(0, 24)].join("\n");
}
