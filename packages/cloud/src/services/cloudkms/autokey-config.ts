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
import { RpcError } from "../../wire/rpc-error.ts";
import type { KmsParts } from "./parts.ts";
import { invalid, precondition, unimplemented } from "./rules.ts";

/** Where the keys of Autokey are made. */
export interface AutokeyConfigs {
  readonly rpc: RpcService;
  /** The id of the project that gets the keys for a project's resources. Throws where Autokey is off for it. */
  keyProjectOf(projectId: string): string;
}

/** Autokey's configuration of projects. That of folders is not here: no project of this cloud is in one. */
export function autokeyConfigs({ host }: KmsParts): AutokeyConfigs {
  const { db, schemas, projects } = host;
  const schema = schemas.message<typeof AutokeyConfigSchema>("google.cloud.kms.v1.AutokeyConfig");
  const configs = collection({ db, schemas, table: "kms_autokey_configs", schema });

  const stored = (projectId: string): AutokeyConfig | undefined => configs.get(`projects/${projectId}/autokeyConfig`);

  /** As recorded of a project whose config nobody had set: off, named by the project's number. */
  const shown = (projectId: string): AutokeyConfig => {
    const mode = stored(projectId)?.keyProjectResolutionMode ?? Mode.DISABLED;
    return schemas.create(schema, {
      name: `projects/${projects.get(projectId)?.number ?? projectId}/autokeyConfig`,
      state: State.ACTIVE,
      keyProjectResolutionMode: mode,
      etag: createHash("sha256").update(`${projectId} ${mode}`).digest("base64").slice(0, 12),
    });
  };

  const projectOf = (name: string): string => {
    if (/^folders\/\d+\/autokeyConfig$/.test(name)) throw unimplemented("Autokey configs of folders");
    const [, id] = /^projects\/([^/]+)\/autokeyConfig$/.exec(projects.canonical(name)) ?? [];
    if (id === undefined) {
      throw invalid(`Resource name [${name}] does not match the expected format [projects/*/autokeyConfig].`);
    }
    return id;
  };

  const service = rpc<typeof AutokeyAdmin>("google.cloud.kms.v1.AutokeyAdmin", {
    getAutokeyConfig: {
      permission: "cloudkms.autokeyConfigs.get",
      resource: (request) => request.name.replace(/\/autokeyConfig$/, ""),
      audit: "ADMIN_READ",
      handle: (request) => shown(projectOf(request.name)),
    },
    updateAutokeyConfig: {
      permission: "cloudkms.autokeyConfigs.update",
      resource: (request) => (request.autokeyConfig?.name ?? "").replace(/\/autokeyConfig$/, ""),
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const { autokeyConfig: wanted, updateMask } = request;
        if (wanted === undefined) throw invalid("Field [autokey_config] is required.");
        if (updateMask === undefined || updateMask.paths.length === 0) {
          throw invalid("Field [update_mask] is required.");
        }
        const id = projectOf(wanted.name);
        if (wanted.etag !== "" && wanted.etag !== shown(id).etag) {
          throw new RpcError("ABORTED", `The etag of ${wanted.name} has changed: read it again.`);
        }
        let mode = shown(id).keyProjectResolutionMode;
        for (const given of updateMask.paths) {
          const path = given.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
          if (path === "key_project_resolution_mode") mode = wanted.keyProjectResolutionMode;
          else if (path === "key_project") throw unimplemented("a key project in the Autokey config of a project");
          else throw invalid(`Field [${given}] cannot be updated.`);
        }
        if (mode === Mode.DEDICATED_KEY_PROJECT) {
          throw invalid("key_project_resolution_mode cannot be DEDICATED_KEY_PROJECT for a project.");
        }
        const name = `projects/${id}/autokeyConfig`;
        configs.put(name, schemas.create(schema, { name, keyProjectResolutionMode: mode }));
        return shown(id);
      },
    },
    showEffectiveAutokeyConfig: {
      permission: "cloudkms.projects.showEffectiveAutokeyConfig",
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        const [, id] = /^projects\/([^/]+)$/.exec(projects.canonical(request.parent)) ?? [];
        if (id === undefined) throw invalid(`Resource name [${request.parent}] does not name a project.`);
        const own = stored(id)?.keyProjectResolutionMode === Mode.RESOURCE_PROJECT;
        return { keyProject: own ? `projects/${id}` : "" };
      },
    },
  });

  return {
    rpc: service,
    keyProjectOf: (id) => {
      const mode = stored(id)?.keyProjectResolutionMode;
      if (mode === Mode.DISABLED) throw precondition(`Autokey is disabled for the project ${id}.`);
      if (mode === undefined) {
        host.note(
          "cloudkms.autokey",
          "Cloud KMS: no folder's Autokey config says where keys are made, so they are made in the project that asks.",
        );
      }
      return id;
    },
  };
}
