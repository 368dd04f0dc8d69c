import { create } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { ExecutionEnvironment, VpcAccess_VpcEgress } from "../../../../gen/run-v2.enums.ts";
import type { Job } from "../../../../gen/types/google/cloud/run/v2/job_pb.js";
import { defaultServiceAccount } from "../defaults.ts";
import type { Messages } from "../messages.ts";

/** `google.api.LaunchStage.GA` */
const generallyAvailable = 4;
const defaultTimeoutS = 600n;
const defaultRetries = 3;

/** Fills in what Cloud Run's servers fill in, in `job` itself (the caller's own copy). */
export function fillJob(m: Messages, job: Job, projectNumber: string): void {
  if (job.launchStage === 0) job.launchStage = generallyAvailable;
  const { template } = job;
  if (template === undefined) return;
  if (template.taskCount === 0) template.taskCount = 1;
  const task = template.template;
  if (task === undefined) return;
  if (task.retries.case === undefined) task.retries = { case: "maxRetries", value: defaultRetries };
  task.timeout ??= create(DurationSchema, { seconds: defaultTimeoutS });
  if (task.serviceAccount === "") task.serviceAccount = defaultServiceAccount(projectNumber);
  if (task.executionEnvironment === 0) task.executionEnvironment = ExecutionEnvironment.GEN2;
  if (task.vpcAccess !== undefined && task.vpcAccess.egress === 0) {
    task.vpcAccess.egress = VpcAccess_VpcEgress.PRIVATE_RANGES_ONLY;
  }
  for (const container of task.containers) {
    container.resources ??= create(m.resources);
    container.resources.limits.memory ??= "512Mi";
    container.resources.limits.cpu ??= "1000m";
    const probe = container.startupProbe;
    if (probe === undefined) continue;
    if (probe.timeoutSeconds === 0) probe.timeoutSeconds = 1;
    if (probe.periodSeconds === 0) probe.periodSeconds = 10;
    if (probe.failureThreshold === 0) probe.failureThreshold = 3;
  }
}
