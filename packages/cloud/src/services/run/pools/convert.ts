import { clone, create } from "@bufbuild/protobuf";
import { ServiceScaling_ScalingMode } from "../../../../gen/run-v2.enums.ts";
import type { RevisionTemplate } from "../../../../gen/types/google/cloud/run/v2/revision_template_pb.js";
import type { Service } from "../../../../gen/types/google/cloud/run/v2/service_pb.js";
import type { WorkerPool } from "../../../../gen/types/google/cloud/run/v2/worker_pool_pb.js";
import type { WorkerPoolRevisionTemplate } from "../../../../gen/types/google/cloud/run/v2/worker_pool_revision_template_pb.js";
import type { Messages } from "../messages.ts";

/** What both templates have, under the same names. */
function templateParts(of: RevisionTemplate | WorkerPoolRevisionTemplate) {
  const { revision, labels, annotations, vpcAccess, serviceAccount, containers, volumes, encryptionKey } = of;
  const { serviceMesh, encryptionKeyRevocationAction, encryptionKeyShutdownDuration, nodeSelector } = of;
  return {
    ...{ revision, labels, annotations, serviceAccount, containers, volumes, encryptionKey },
    encryptionKeyRevocationAction,
    ...(vpcAccess === undefined ? {} : { vpcAccess }),
    ...(serviceMesh === undefined ? {} : { serviceMesh }),
    ...(encryptionKeyShutdownDuration === undefined ? {} : { encryptionKeyShutdownDuration }),
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
  };
}

/** What a caller says of both, under the same names. */
function ownParts(of: Service | WorkerPool) {
  const { description, labels, annotations, client, clientVersion, launchStage, binaryAuthorization } = of;
  return {
    ...{ description, labels, annotations, client, clientVersion, launchStage },
    ...(binaryAuthorization === undefined ? {} : { binaryAuthorization }),
  };
}

/** What a caller says of a worker pool, as the service that it is kept as: splits of instances are its traffic. */
export function keptAs(m: Messages, given: WorkerPool, name: string): Service {
  const pool = clone(m.workerPool, given);
  return create(m.service, {
    ...ownParts(pool),
    name,
    ...(pool.template === undefined ? {} : { template: create(m.template, templateParts(pool.template)) }),
    traffic: pool.instanceSplits.map(({ type, revision, percent }) =>
      create(m.trafficTarget, { type, revision, percent }),
    ),
    scaling: {
      scalingMode: ServiceScaling_ScalingMode.MANUAL,
      manualInstanceCount: pool.scaling?.manualInstanceCount ?? 1,
    },
  });
}

/** The worker pool that is kept as this service. */
export function poolOf(m: Messages, kept: Service): WorkerPool {
  const service = clone(m.service, kept);
  const { name, uid, generation, creator, lastModifier, observedGeneration, reconciling, etag } = service;
  const { conditions, latestReadyRevision, latestCreatedRevision } = service;
  const { createTime, updateTime, deleteTime, expireTime, terminalCondition } = service;
  return create(m.workerPool, {
    ...ownParts(service),
    ...{ name, uid, generation, creator, lastModifier, observedGeneration, reconciling, etag },
    ...{ conditions, latestReadyRevision, latestCreatedRevision },
    ...(createTime === undefined ? {} : { createTime }),
    ...(updateTime === undefined ? {} : { updateTime }),
    ...(deleteTime === undefined ? {} : { deleteTime }),
    ...(expireTime === undefined ? {} : { expireTime }),
    ...(terminalCondition === undefined ? {} : { terminalCondition }),
    ...(service.template === undefined ? {} : { template: templateParts(service.template) }),
    instanceSplits: service.traffic.map(({ type, revision, percent }) => ({ type, revision, percent })),
    instanceSplitStatuses: service.trafficStatuses.map(({ type, revision, percent }) => ({ type, revision, percent })),
    scaling: { manualInstanceCount: service.scaling?.manualInstanceCount ?? 0 },
  });
}
