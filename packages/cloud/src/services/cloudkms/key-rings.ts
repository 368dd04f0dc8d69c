import type { KeyManagementService } from "../../../gen/types/google/cloud/kms/v1/service_pb.js";
import type { Methods } from "../../service.ts";
import { listed } from "./lists.ts";
import { nowMicros, timestamp } from "./new-version.ts";
import type { KmsParts } from "./parts.ts";
import { requirePlace } from "./places.ts";
import { alreadyExists, notFound, requireId, requireName } from "./rules.ts";

/** Key rings: made, read, listed. They cannot be deleted, as at Google. */
export function keyRingMethods(parts: KmsParts): Methods<typeof KeyManagementService> {
  const { host, store, ringSchema } = parts;
  return {
    createKeyRing: {
      permission: "cloudkms.keyRings.create",
      resource: (request) => request.parent,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        requirePlace(request.parent);
        requireId("key_ring_id", request.keyRingId);
        const name = `${host.projects.canonical(request.parent)}/keyRings/${request.keyRingId}`;
        const ring = host.schemas.create(ringSchema, { name, createTime: timestamp(nowMicros(host)) });
        if (!store.rings.insert(name, ring)) throw alreadyExists("KeyRing", name);
        return ring;
      },
    },
    getKeyRing: {
      permission: "cloudkms.keyRings.get",
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => {
        requireName("KeyRing", request.name);
        const ring = store.rings.get(host.projects.canonical(request.name));
        if (ring === undefined) throw notFound("KeyRing", request.name);
        return ring;
      },
    },
    listKeyRings: {
      permission: "cloudkms.keyRings.list",
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        requirePlace(request.parent);
        const parent = host.projects.canonical(request.parent);
        const { items, nextPageToken } = listed(store.rings, { ...request, parent }, ringSchema);
        return { keyRings: items, nextPageToken, totalSize: request.filter === "" ? store.rings.count(parent) : 0 };
      },
    },
  };
}
