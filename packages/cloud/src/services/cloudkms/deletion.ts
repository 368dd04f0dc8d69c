import type { EmptySchema } from "@bufbuild/protobuf/wkt";
import { CryptoKeyVersion_CryptoKeyVersionState as State } from "../../../gen/cloudkms-v1.enums.ts";
import type { RetiredResourceSchema } from "../../../gen/types/google/cloud/kms/v1/resources_pb.js";
import type {
  DeleteCryptoKeyMetadataSchema,
  DeleteCryptoKeyVersionMetadataSchema,
  KeyManagementService,
} from "../../../gen/types/google/cloud/kms/v1/service_pb.js";
import type { Operation } from "../../../gen/types/google/longrunning/operations_pb.js";
import type { Methods } from "../../service.ts";
import { collection } from "../../store/collection.ts";
import { pageSizeOf } from "./lists.ts";
import { nowMicros, timestamp } from "./new-version.ts";
import { findKey, findVersion, type KmsParts, stateName } from "./parts.ts";
import { requirePlace } from "./places.ts";
import { api, notFound, precondition, requireName } from "./rules.ts";

const gone: readonly number[] = [State.DESTROYED, State.IMPORT_FAILED, State.GENERATION_FAILED];

/**
 * Deletion, which is not destruction: of versions whose key material is gone already, and of keys without any version.
 * A deleted key's name is kept as a retired resource, and never used again
 * (docs.cloud.google.com/kms/docs/delete-kms-resources). Key rings and keys in use cannot be deleted.
 */
export function deletionMethods(parts: KmsParts): Methods<typeof KeyManagementService> {
  const { host, store } = parts;
  const { schemas, projects, operations } = host;
  const empty = schemas.message<typeof EmptySchema>("google.protobuf.Empty");
  const keyMetadata = schemas.message<typeof DeleteCryptoKeyMetadataSchema>(
    "google.cloud.kms.v1.DeleteCryptoKeyMetadata",
  );
  const versionMetadata = schemas.message<typeof DeleteCryptoKeyVersionMetadataSchema>(
    "google.cloud.kms.v1.DeleteCryptoKeyVersionMetadata",
  );
  const { retired, retiredSchema } = retiredOf(parts);
  const placeOf = (name: string): string => name.split("/").slice(0, 4).join("/");

  return {
    deleteCryptoKeyVersion: {
      permission: "cloudkms.cryptoKeyVersions.delete",
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request) =>
        host.db.tx(() => {
          const { key, version } = findVersion(parts, request.name);
          const { name, state, importTime } = version.message;
          if (!gone.includes(state)) {
            throw precondition(`${name} cannot be deleted, current state is: ${stateName(version.message)}.`);
          }
          if (importTime !== undefined) throw precondition(`${name} was imported, and cannot be deleted.`);
          store.deleteVersion(key.name, version.number);
          const operation = operations.start({
            ...{ api, parent: placeOf(name), target: name, response: empty },
            metadata: { schema: versionMetadata, value: {} },
          });
          operation.succeed({});
          return operations.message(operation.name) as Operation;
        }),
    },
    deleteCryptoKey: {
      permission: "cloudkms.cryptoKeys.delete",
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const answer = host.db.tx(() => {
          const { name } = findKey(parts, request.name);
          if (store.countVersions(name) > 0) {
            throw precondition(`${name} cannot be deleted: all of its versions must be deleted first.`);
          }
          const place = placeOf(name);
          const record = `${place}/retiredResources/${host.ids.uuid()}`;
          retired.put(
            record,
            schemas.create(retiredSchema, {
              name: record,
              originalResource: name,
              resourceType: "cloudkms.googleapis.com/CryptoKey",
              deleteTime: timestamp(nowMicros(host)),
            }),
          );
          store.deleteKey(name);
          host.iam.removePolicies(`${api}/${name}`);
          const operation = operations.start({
            ...{ api, parent: place, target: name, response: empty },
            metadata: { schema: keyMetadata, value: { retiredResource: record } },
          });
          operation.succeed({});
          return operations.message(operation.name) as Operation;
        });
        parts.due.changed();
        return answer;
      },
    },
    getRetiredResource: {
      permission: "cloudkms.retiredResources.get",
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => {
        requireName("RetiredResource", request.name);
        const found = retired.get(projects.canonical(request.name));
        if (found === undefined) throw notFound("RetiredResource", request.name);
        return found;
      },
    },
    listRetiredResources: {
      permission: "cloudkms.retiredResources.list",
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        requirePlace(request.parent);
        const parent = projects.canonical(request.parent);
        const { items, nextPageToken } = retired.list({
          parent,
          pageSize: pageSizeOf(request),
          pageToken: request.pageToken,
        });
        return { retiredResources: items, nextPageToken, totalSize: BigInt(retired.count(parent)) };
      },
    },
  };
}

function retiredOf({ host }: KmsParts) {
  const retiredSchema = host.schemas.message<typeof RetiredResourceSchema>("google.cloud.kms.v1.RetiredResource");
  const table = "kms_retired_resources";
  const retired = collection({ db: host.db, schemas: host.schemas, table, schema: retiredSchema });
  return { retired, retiredSchema };
}
