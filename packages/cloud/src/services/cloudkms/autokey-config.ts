import { createHash } from "node:crypto";
import {
  AutokeyConfig_KeyProjectResolutionMode as Mode,
  AutokeyConfig_State as State,
} from "../../../gen/cloudkms-v1.enums.ts";
import type {
  AutokeyAdmin,
  AutokeyConfig,
  AutokeyConfigSchema,
} from "../../../gen/types/google/cloud/kms/v1/autokey_admin_pb.js";
import { type RpcService, rpc } from "../../service.ts";
import { collection } from "../../store/collection.ts";
import type { StoredProjects } from "../../store/projects.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import type { KmsParts } from "./parts.ts";
import { invalid, precondition, unimplemented } from "./rules.ts";

/** Where the keys of Autokey are made. */
export interface AutokeyConfigs {
  readonly rpc: RpcService;
  /** The id of the project that gets the keys for a project's resources. Throws where Autokey is off for it. */
  keyProjectOf(projectId: string): string;
}

type Config = Pick<AutokeyConfig, "keyProject" | "keyProjectResolutionMode">;

const { DEDICATED_KEY_PROJECT, RESOURCE_PROJECT, DISABLED } = Mode;

/** Autokey's configuration of projects and of the folders above them. */
export function autokeyConfigs({ host }: KmsParts): AutokeyConfigs {
  const { db, schemas } = host;
  const projects = host.projects as StoredProjects;
  const schema = schemas.message<typeof AutokeyConfigSchema>("google.cloud.kms.v1.AutokeyConfig");
  const configs = collection({ db, schemas, table: "kms_autokey_configs", schema });

  /** By `projects/p` or `folders/1`. */
  const stored = (owner: string): Config | undefined => configs.get(`${owner}/autokeyConfig`);

  /** A project's is named by its number; one that nobody has set is off, as recorded. A folder's is not begun then. */
  const shown = (owner: string): AutokeyConfig => {
    const [kind, id = ""] = owner.split("/");
    const project = kind === "projects";
    const { keyProject, keyProjectResolutionMode: mode } = stored(owner) ?? {
      keyProject: "",
      keyProjectResolutionMode: project ? DISABLED : Mode.KEY_PROJECT_RESOLUTION_MODE_UNSPECIFIED,
    };
    return schemas.create(schema, {
      name: `${kind}/${project ? (projects.get(id)?.number ?? id) : id}/autokeyConfig`,
      keyProject,
      state: project || mode === RESOURCE_PROJECT || keyProject !== "" ? State.ACTIVE : State.UNINITIALIZED,
      keyProjectResolutionMode: mode,
      etag: createHash("sha256").update(`${owner} ${mode} ${keyProject}`).digest("base64").slice(0, 12),
    });
  };

  const ownerOf = (name: string): string => {
    const [, owner] = /^((?:projects|folders)\/[^/]+)\/autokeyConfig$/.exec(projects.canonical(name)) ?? [];
    if (owner === undefined) {
      throw invalid(
        `Resource name [${name}] does not match the expected formats [projects/*/autokeyConfig, folders/*/autokeyConfig].`,
      );
    }
    return owner;
  };

  /** What counts for a project: its own config, else that of the nearest folder that has one. */
  const effective = (projectId: string): { readonly keyProject?: string } | undefined => {
    const project = projects.get(projectId);
    const owners = [`projects/${projectId}`, ...(project === undefined ? [] : projects.above(project))];
    const config = owners.map(stored).find((each) => each !== undefined);
    if (config === undefined) return undefined;
    if (config.keyProjectResolutionMode === RESOURCE_PROJECT) return { keyProject: projectId };
    const named = config.keyProject.replace(/^projects\//, "");
    return named === "" ? {} : { keyProject: projects.get(named)?.id ?? named };
  };

  const service = rpc<typeof AutokeyAdmin>("google.cloud.kms.v1.AutokeyAdmin", {
    getAutokeyConfig: {
      permission: "cloudkms.autokeyConfigs.get",
      resource: (request) => request.name.replace(/\/autokeyConfig$/, ""),
      audit: "ADMIN_READ",
      handle: (request) => shown(ownerOf(request.name)),
    },
    updateAutokeyConfig: {
      permission: "cloudkms.autokeyConfigs.update",
      resource: (request) => (request.autokeyConfig?.name ?? "").replace(/\/autokeyConfig$/, ""),
      audit: "ADMIN_WRITE",
      handle: (request, call) => {
        const { autokeyConfig: wanted, updateMask } = request;
        if (wanted === undefined) throw invalid("Field [autokey_config] is required.");
        if (updateMask === undefined || updateMask.paths.length === 0) {
          throw invalid("Field [update_mask] is required.");
        }
        const owner = ownerOf(wanted.name);
        const before = shown(owner);
        if (wanted.etag !== "" && wanted.etag !== before.etag) {
          throw new RpcError("ABORTED", `The etag of ${wanted.name} has changed: read it again.`);
        }
        const next = changed(before, wanted, updateMask.paths);
        check(owner, next);
        if (next.keyProject !== "" && next.keyProject !== before.keyProject) {
          host.iam.require(call.caller, ["cloudkms.cryptoKeys.setIamPolicy"], projects.canonical(next.keyProject));
        }
        const name = `${owner}/autokeyConfig`;
        configs.put(name, schemas.create(schema, { name, ...next }));
        return shown(owner);
      },
    },
    showEffectiveAutokeyConfig: {
      permission: "cloudkms.projects.showEffectiveAutokeyConfig",
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        const [, id] = /^projects\/([^/]+)$/.exec(projects.canonical(request.parent)) ?? [];
        if (id === undefined) throw invalid(`Resource name [${request.parent}] does not name a project.`);
        const keyProject = effective(id)?.keyProject;
        return { keyProject: keyProject === undefined ? "" : `projects/${keyProject}` };
      },
    },
  });

  return {
    rpc: service,
    keyProjectOf: (id) => {
      const config = effective(id);
      if (config === undefined) {
        host.note(
          "cloudkms.autokey",
          "Cloud KMS: no Autokey config says where keys are made, so they are made in the project that asks.",
        );
        return id;
      }
      if (config.keyProject === undefined) throw precondition(`Autokey is disabled for the project ${id}.`);
      return config.keyProject;
    },
  };
}

function changed(before: Config, wanted: Config, paths: readonly string[]): Config {
  let { keyProject, keyProjectResolutionMode } = before;
  for (const given of paths) {
    const path = given.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (path === "key_project_resolution_mode") keyProjectResolutionMode = wanted.keyProjectResolutionMode;
    else if (path === "key_project") keyProject = wanted.keyProject;
    else throw invalid(`Field [${given}] cannot be updated.`);
  }
  return { keyProject, keyProjectResolutionMode };
}

function check(owner: string, { keyProject, keyProjectResolutionMode: mode }: Config): void {
  if (owner.startsWith("projects/")) {
    if (keyProject !== "") throw unimplemented("a key project in the Autokey config of a project");
    if (mode === DEDICATED_KEY_PROJECT) {
      throw invalid("The 'key_project_resolution_mode' cannot be 'DEDICATED_KEY_PROJECT' for a project resource.");
    }
    return;
  }
  if (keyProject !== "" && !/^projects\/[^/]+$/.test(keyProject)) throw invalid(`[${keyProject}] names no project.`);
  if (mode === DEDICATED_KEY_PROJECT && keyProject === "") {
    throw invalid("'key_project' must be specified when 'key_project_resolution_mode' is 'DEDICATED_KEY_PROJECT'.");
  }
  if ((mode === RESOURCE_PROJECT || mode === DISABLED) && keyProject !== "") {
    const name = mode === DISABLED ? "DISABLED" : "RESOURCE_PROJECT";
    throw invalid(`'key_project' cannot be specified for a resource when 'key_project_resolution_mode' is '${name}'.`);
  }
}
