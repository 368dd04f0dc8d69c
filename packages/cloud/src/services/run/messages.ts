import type { ConditionSchema } from "../../../gen/types/google/cloud/run/v2/condition_pb.js";
import type {
  ContainerPortSchema,
  ProbeSchema,
  ResourceRequirementsSchema,
  TCPSocketActionSchema,
} from "../../../gen/types/google/cloud/run/v2/k8s.min_pb.js";
import type { RevisionSchema } from "../../../gen/types/google/cloud/run/v2/revision_pb.js";
import type { RevisionTemplateSchema } from "../../../gen/types/google/cloud/run/v2/revision_template_pb.js";
import type { ServiceSchema } from "../../../gen/types/google/cloud/run/v2/service_pb.js";
import type { RevisionScalingStatusSchema } from "../../../gen/types/google/cloud/run/v2/status_pb.js";
import type {
  TrafficTargetSchema,
  TrafficTargetStatusSchema,
} from "../../../gen/types/google/cloud/run/v2/traffic_target_pb.js";
import type { RevisionScalingSchema } from "../../../gen/types/google/cloud/run/v2/vendor_settings_pb.js";
import type { Schemas } from "../../host.ts";

/** The message types of `google.cloud.run.v2` that are made here. */
export interface Messages {
  readonly condition: typeof ConditionSchema;
  readonly containerPort: typeof ContainerPortSchema;
  readonly probe: typeof ProbeSchema;
  readonly resources: typeof ResourceRequirementsSchema;
  readonly revision: typeof RevisionSchema;
  readonly scaling: typeof RevisionScalingSchema;
  readonly scalingStatus: typeof RevisionScalingStatusSchema;
  readonly service: typeof ServiceSchema;
  readonly tcpSocket: typeof TCPSocketActionSchema;
  readonly template: typeof RevisionTemplateSchema;
  readonly trafficStatus: typeof TrafficTargetStatusSchema;
  readonly trafficTarget: typeof TrafficTargetSchema;
}

export function messagesOf(schemas: Pick<Schemas, "message">): Messages {
  const v2 = "google.cloud.run.v2";
  return {
    condition: schemas.message(`${v2}.Condition`),
    containerPort: schemas.message(`${v2}.ContainerPort`),
    probe: schemas.message(`${v2}.Probe`),
    resources: schemas.message(`${v2}.ResourceRequirements`),
    revision: schemas.message(`${v2}.Revision`),
    scaling: schemas.message(`${v2}.RevisionScaling`),
    scalingStatus: schemas.message(`${v2}.RevisionScalingStatus`),
    service: schemas.message(`${v2}.Service`),
    tcpSocket: schemas.message(`${v2}.TCPSocketAction`),
    template: schemas.message(`${v2}.RevisionTemplate`),
    trafficStatus: schemas.message(`${v2}.TrafficTargetStatus`),
    trafficTarget: schemas.message(`${v2}.TrafficTarget`),
  };
}
