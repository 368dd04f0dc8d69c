import type { run_v1 } from "@googleapis/run";
import type { Revision } from "../../../../gen/types/google/cloud/run/v2/revision_pb.js";
import { ingressContainer } from "../defaults.ts";
import { annotation } from "./annotations.ts";
import { conditionsOut } from "./conditions.ts";
import { derivedUid, metadataOf, serving } from "./metadata.ts";
import { launchStageOut } from "./service-out.ts";
import { revisedOut } from "./template.ts";

/** A revision of v2 as Knative's. `serviceUid` is `""` when its service is gone. */
export function revisionOut(
  revision: Revision,
  at: { readonly projectNumber: string; readonly serviceUid: string },
): run_v1.Schema$Revision {
  const { projectNumber, serviceUid } = at;
  const id = revision.service;
  const pooled = revision.name.includes("/workerPools/");
  const { spec, annotations } = revisedOut(revision, { id, project: revision.name.split("/")[1] ?? "", projectNumber });
  const image = ingressContainer({ containers: [...revision.containers] })?.image ?? "";
  return {
    apiVersion: serving,
    kind: "Revision",
    metadata: metadataOf(revision, {
      api: serving,
      collection: "revisions",
      projectNumber,
      labels: pooled
        ? { "run.googleapis.com/workerPool": id, "run.googleapis.com/workerPoolUid": serviceUid }
        : {
            "serving.knative.dev/configuration": id,
            "serving.knative.dev/route": id,
            "serving.knative.dev/service": id,
            "serving.knative.dev/serviceUid": serviceUid,
          },
      annotations: {
        ...annotations,
        [annotation.creator]: revision.creator,
        [annotation.launchStage]: launchStageOut(revision.launchStage),
      },
      owner: pooled
        ? { kind: "WorkerPool", name: id, uid: serviceUid }
        : { kind: "Configuration", name: id, uid: derivedUid(serviceUid, "configurations") },
    }),
    spec,
    status: {
      observedGeneration: Number(revision.observedGeneration),
      conditions: conditionsOut(undefined, revision.conditions, "Ready"),
      logUrl: revision.logUri,
      ...(image.includes("@sha256:") ? { imageDigest: image } : {}),
      ...(revision.scalingStatus === undefined
        ? {}
        : { desiredReplicas: revision.scalingStatus.desiredMinInstanceCount }),
    },
  };
}
