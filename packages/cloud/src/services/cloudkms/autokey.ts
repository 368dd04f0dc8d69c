import { ProtectionLevel, CryptoKey_CryptoKeyPurpose as Purpose } from "../../../gen/cloudkms-v1.enums.ts";
import type {
  Autokey,
  CreateKeyHandleMetadataSchema,
  KeyHandle,
  KeyHandleSchema,
} from "../../../gen/types/google/cloud/kms/v1/autokey_pb.js";
import type { CryptoKey } from "../../../gen/types/google/cloud/kms/v1/resources_pb.js";
import type { Operation } from "../../../gen/types/google/longrunning/operations_pb.js";
import { type RpcService, rpc } from "../../service.ts";
import { collection } from "../../store/collection.ts";
import { compileFilter } from "../../wire/filter.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import type { AutokeyConfigs } from "./autokey-config.ts";
import { pageSizeOf } from "./lists.ts";
import { symmetricMaterial } from "./material.ts";
import { addVersion, nowMicros, timestamp } from "./new-version.ts";
import type { KmsParts } from "./parts.ts";
import { requirePlace } from "./places.ts";
import { api, invalid, notFound, requireId, requireName } from "./rules.ts";

/** Autokey rotates its keys once a year (docs.cloud.google.com/kms/docs/autokey-overview). */
const yearMs = 365 * 86_400_000;
/** Who encrypts with the keys of a service's resources: the project's service agent of that service. */
const agents: Readonly<Record<string, (project: string) => string>> = {
  artifactregistry: (number) => `service-${number}@gcp-sa-artifactregistry.iam.gserviceaccount.com`,
  compute: (number) => `service-${number}@compute-system.iam.gserviceaccount.com`,
  pubsub: (number) => `service-${number}@gcp-sa-pubsub.iam.gserviceaccount.com`,
  redis: (number) => `service-${number}@cloud-redis.iam.gserviceaccount.com`,
  run: (number) => `service-${number}@serverless-robot-prod.iam.gserviceaccount.com`,
  secretmanager: (number) => `service-${number}@gcp-sa-secretmanager.iam.gserviceaccount.com`,
  sqladmin: (number) => `service-${number}@gcp-sa-cloud-sql.iam.gserviceaccount.com`,
  storage: (number) => `service-${number}@gs-project-accounts.iam.gserviceaccount.com`,
};

/** Key handles: each has a key made for it, in the key project of the config that counts. */
export function autokeyMethods(parts: KmsParts, configs: AutokeyConfigs): RpcService {
  const { host, store } = parts;
  const { db, schemas, projects, operations, clock, ids } = host;
  const schema = schemas.message<typeof KeyHandleSchema>("google.cloud.kms.v1.KeyHandle");
  const metadata = schemas.message<typeof CreateKeyHandleMetadataSchema>("google.cloud.kms.v1.CreateKeyHandleMetadata");
  const handles = collection({ db, schemas, table: "kms_key_handles", schema });

  /** A key that an HSM would hold, rotated every year, for one handle. Within a transaction. */
  const provision = (keyProject: string, handle: { name: string; selector: string }): string => {
    const [, project = "", , location = ""] = handle.name.split("/");
    const number = projects.get(project)?.number ?? project;
    const [service = "", type = ""] = handle.selector.split(".googleapis.com/");
    const ring = `projects/${keyProject}/locations/${location}/keyRings/autokey`;
    const micros = nowMicros(host);
    store.rings.insert(ring, schemas.create(parts.ringSchema, { name: ring, createTime: timestamp(micros) }));
    const id = `${number}-${service}-${kebab(type)}-${ids.uuid().replaceAll("-", "").slice(0, 16)}`;
    const key: CryptoKey = schemas.create(parts.keySchema, {
      name: `${ring}/cryptoKeys/${id}`,
      purpose: Purpose.ENCRYPT_DECRYPT,
      createTime: timestamp(micros),
      nextRotationTime: timestamp(micros + yearMs * 1000),
      rotationSchedule: { case: "rotationPeriod", value: { seconds: BigInt(yearMs / 1000) } },
      versionTemplate: { protectionLevel: ProtectionLevel.HSM, algorithm: 1 },
      destroyScheduledDuration: { seconds: BigInt(30 * 86_400) },
    });
    store.keys.put(key.name, key);
    store.setRotation(key.name, clock.now() + yearMs);
    const at = { createdMicros: micros, generatedMicros: micros };
    store.setPrimary(key.name, addVersion(parts, key, symmetricMaterial({ bits: 256 }), at).number);
    const agent = agents[service]?.(number);
    if (agent !== undefined) {
      host.iam.setPolicy(`${api}/${key.name}`, {
        version: 1,
        bindings: [{ role: "roles/cloudkms.cryptoKeyEncrypterDecrypter", members: [`serviceAccount:${agent}`] }],
      });
    }
    return key.name;
  };

  return rpc<typeof Autokey>("google.cloud.kms.v1.Autokey", {
    createKeyHandle: {
      permission: "cloudkms.keyHandles.create",
      resource: (request) => request.parent,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        requirePlace(request.parent);
        const id = request.keyHandleId === "" ? ids.uuid() : request.keyHandleId;
        requireId("key_handle_id", id);
        const selector = request.keyHandle?.resourceTypeSelector ?? "";
        if (!/^[a-z0-9-]+\.googleapis\.com\/[A-Z][A-Za-z]+$/.test(selector)) {
          throw invalid(
            `Resource type [${selector}] of field [resource_type_selector] is not SERVICE.googleapis.com/TYPE.`,
          );
        }
        const parent = projects.canonical(request.parent);
        const name = `${parent}/keyHandles/${id}`;
        const keyProject = configs.keyProjectOf(parent.split("/")[1] ?? "");
        const made = db.tx(() => {
          if (handles.has(name)) throw new RpcError("ALREADY_EXISTS", `KeyHandle ${name} already exists.`);
          const handle = schemas.create(schema, {
            name,
            kmsKey: provision(keyProject, { name, selector }),
            resourceTypeSelector: selector,
          });
          handles.put(name, handle);
          // As recorded: an operation has metadata as long as it runs, and none when it is done.
          const operation = operations.start({ api, parent, target: name, response: schema });
          const running = operations.message(operation.name) as Operation;
          operation.succeed(handle);
          return running;
        });
        parts.due.changed();
        const typeUrl = `type.googleapis.com/${metadata.typeName}`;
        const value = schemas.encode(metadata, schemas.create(metadata, {}));
        return { ...made, metadata: { $typeName: "google.protobuf.Any" as const, typeUrl, value } };
      },
    },
    getKeyHandle: {
      permission: "cloudkms.keyHandles.get",
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => {
        requireName("KeyHandle", request.name);
        const found = handles.get(projects.canonical(request.name));
        if (found === undefined) throw notFound("KeyHandle", request.name);
        return found;
      },
    },
    listKeyHandles: {
      permission: "cloudkms.keyHandles.list",
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        requirePlace(request.parent);
        const { items, nextPageToken } = handles.list({
          parent: projects.canonical(request.parent),
          pageSize: pageSizeOf(request),
          pageToken: request.pageToken,
          ...(request.filter === ""
            ? {}
            : { where: compileFilter(request.filter, schema) as (h: KeyHandle) => boolean }),
        });
        return { keyHandles: items, nextPageToken };
      },
    },
  });
}

/** `MachineImage` → `machine-image`. */
function kebab(type: string): string {
  return type.replace(/([a-z])([A-Z])/g, "$1-$2").toLowerCase();
}
