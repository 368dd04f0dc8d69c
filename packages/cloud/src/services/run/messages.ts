import type { ConditionSchema } from "../../../gen/types/google/cloud/run/v2/condition_pb.js";
import type { ExecutionSchema } from "../../../gen/types/google/cloud/run/v2/execution_pb.js";
import type { ExecutionTemplateSchema } from "../../../gen/types/google/cloud/run/v2/execution_template_pb.js";
import type {
  ExecutionReferenceSchema,
  JobSchema,
  RunJobRequestSchema,
} from "../../../gen/types/google/cloud/run/v2/job_pb.js";
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
import type { TaskAttemptResultSchema, TaskSchema } from "../../../gen/types/google/cloud/run/v2/task_pb.js";
import type { TaskTemplateSchema } from "../../../gen/types/google/cloud/run/v2/task_template_pb.js";
import type {
  TrafficTargetSchema,
  TrafficTargetStatusSchema,
} from "../../../gen/types/google/cloud/run/v2/traffic_target_pb.js";
import type { RevisionScalingSchema } from "../../../gen/types/google/cloud/run/v2/vendor_settings_pb.js";
import type { WorkerPoolSchema } from "../../../gen/types/google/cloud/run/v2/worker_pool_pb.js";
import type { Schemas } from "../../host.ts";

/** The message types of `google.cloud.run.v2` that are made here. */
export interface Messages {
  readonly condition: typeof ConditionSchema;
  readonly containerPort: typeof ContainerPortSchema;
  readonly execution: typeof ExecutionSchema;
  readonly executionReference: typeof ExecutionReferenceSchema;
  readonly executionTemplate: typeof ExecutionTemplateSchema;
  readonly job: typeof JobSchema;
  readonly probe: typeof ProbeSchema;
  readonly resources: typeof ResourceRequirementsSchema;
  readonly revision: typeof RevisionSchema;
  readonly runRequest: typeof RunJobRequestSchema;
  readonly scaling: typeof RevisionScalingSchema;
  readonly scalingStatus: typeof RevisionScalingStatusSchema;
  readonly service: typeof ServiceSchema;
  readonly task: typeof TaskSchema;
  readonly taskResult: typeof TaskAttemptResultSchema;
  readonly taskTemplate: typeof TaskTemplateSchema;
  readonly tcpSocket: typeof TCPSocketActionSchema;
  readonly template: typeof RevisionTemplateSchema;
  readonly trafficStatus: typeof TrafficTargetStatusSchema;
  readonly trafficTarget: typeof TrafficTargetSchema;
  readonly workerPool: typeof WorkerPoolSchema;
}

export function messagesOf(schemas: Pick<Schemas, "message">): Messages {
  const v2 = "google.cloud.run.v2";
  return {
    condition: schemas.message(`${v2}.Condition`),
    containerPort: schemas.message(`${v2}.ContainerPort`),
    execution: schemas.message(`${v2}.Execution`),
    executionReference: schemas.message(`${v2}.ExecutionReference`),
    executionTemplate: schemas.message(`${v2}.ExecutionTemplate`),
    job: schemas.message(`${v2}.Job`),
    probe: schemas.message(`${v2}.Probe`),
    resources: schemas.message(`${v2}.ResourceRequirements`),
    revision: schemas.message(`${v2}.Revision`),
    runRequest: schemas.message(`${v2}.RunJobRequest`),
    scaling: schemas.message(`${v2}.RevisionScaling`),
    scalingStatus: schemas.message(`${v2}.RevisionScalingStatus`),
    service: schemas.message(`${v2}.Service`),
    task: schemas.message(`${v2}.Task`),
    taskResult: schemas.message(`${v2}.TaskAttemptResult`),
    taskTemplate: schemas.message(`${v2}.TaskTemplate`),
    tcpSocket: schemas.message(`${v2}.TCPSocketAction`),
    template: schemas.message(`${v2}.RevisionTemplate`),
    trafficStatus: schemas.message(`${v2}.TrafficTargetStatus`),
    trafficTarget: schemas.message(`${v2}.TrafficTarget`),
    workerPool: schemas.message(`${v2}.WorkerPool`),
  };
}
