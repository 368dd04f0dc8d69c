import type { Job } from "../../../../gen/types/google/cloud/run/v2/job_pb.js";
import type { TaskTemplate } from "../../../../gen/types/google/cloud/run/v2/task_template_pb.js";
import { RpcError } from "../../../wire/rpc-error.ts";
import { cpuOf, memoryMiBOf } from "../resources.ts";
import { reservedByJobs } from "../rules-container.ts";
import { checkMetadata } from "../rules-metadata.ts";
import { checkContainers, checkVpc } from "../rules-workload.ts";
import type { Violation } from "../violations.ts";
import { checkVolumes, unbuiltVolumes } from "../volumes.ts";

/** https://cloud.google.com/run/quotas#cloud_run_limits */
const longestJobId = 63;
const mostTasks = 10_000;
const mostRetries = 10;
const longestTimeoutS = 7 * 24 * 3600;

/** What is wrong with the id of a job to be made. */
export function checkJobId(id: string): Violation[] {
  if (id.length <= longestJobId && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(id)) return [];
  const rule =
    "Resource name must use only lowercase letters, numbers and '-'. Must begin with a letter and cannot end";
  return [
    {
      field: "Violation in CreateJobRequest.job_id",
      description: `${rule} with a '-'. Maximum length is ${longestJobId} characters.`,
    },
  ];
}

/** Everything that Cloud Run refuses in a job before it does anything. The job has its defaults filled in. */
export function checkJob(job: Job, request: string): Violation[] {
  const root = `Violation in ${request}.job`;
  const found: Violation[] = [];
  const { template } = job;
  const task = template?.template;
  checkMetadata(found, root, job.labels, job.annotations);
  if (template === undefined || task === undefined || task.containers.length === 0) {
    const missing =
      template === undefined ? "template" : task === undefined ? "template.template" : "template.template.containers";
    return [...found, { field: `${root}.${missing}`, description: "required field not present." }];
  }
  checkMetadata(found, `${root}.template`, template.labels, template.annotations);
  found.push(...checkCounts(template.taskCount, template.parallelism, `${root}.template`));
  found.push(...checkTaskTemplate(task, `${root}.template.template`));
  return found;
}

/** What is wrong with how many tasks there are to be, and how many at once. */
export function checkCounts(taskCount: number, parallelism: number, root: string): Violation[] {
  const found: Violation[] = [];
  if (taskCount < 1 || taskCount > mostTasks) {
    found.push({ field: `${root}.task_count`, description: `must be between 1 and ${mostTasks} inclusive.` });
  }
  if (parallelism < 0) found.push({ field: `${root}.parallelism`, description: "must not be negative." });
  return found;
}

/** What is wrong with a task's time, in seconds. */
export function checkTimeout(seconds: number, root: string): Violation[] {
  if (seconds >= 1 && seconds <= longestTimeoutS) return [];
  const description =
    seconds < 1 ? "minimum allowed time is one second." : `maximum allowed time is ${longestTimeoutS / 3600} hours.`;
  return [{ field: `${root}.timeout`, description }];
}

function checkTaskTemplate(task: TaskTemplate, root: string): Violation[] {
  const found: Violation[] = checkTimeout(Number(task.timeout?.seconds ?? 0n), root);
  const retries = task.retries.value ?? 0;
  if (retries < 0 || retries > mostRetries) {
    found.push({ field: `${root}.max_retries`, description: `must be between 0 and ${mostRetries} inclusive.` });
  }
  if (!/^[a-z0-9][-a-z0-9.]*@[-a-z0-9.]+$/i.test(task.serviceAccount)) {
    found.push({ field: `${root}.service_account`, description: "must be an email address of a service account." });
  }
  checkVpc(found, task.vpcAccess, root);
  checkContainers(found, task.containers, root, reservedByJobs);
  checkVolumes(found, task, root);
  for (const [i, container] of task.containers.entries()) {
    const at = `${root}.containers[${i}]`;
    if (container.ports.length > 0)
      found.push({ field: `${at}.ports`, description: "ports are not supported in jobs." });
    if (container.livenessProbe !== undefined) {
      found.push({ field: `${at}.liveness_probe`, description: "liveness probes are not supported in jobs." });
    }
    for (const key of Object.keys(container.resources?.limits ?? {})) {
      if (key === "cpu" || key === "memory" || key === "nvidia.com/gpu") continue;
      found.push({ field: `${at}.resources.limits.${key}`, description: `Unsupported resource limit '${key}'.` });
    }
    if (cpuOf(container) === undefined) {
      found.push({ field: `${at}.resources.limits.cpu`, description: "Invalid value specified for cpu." });
    }
    if (memoryMiBOf(container) === undefined) {
      found.push({ field: `${at}.resources.limits.memory`, description: "Invalid value specified for memory." });
    }
  }
  return found;
}

/** Throws UNIMPLEMENTED that names everything that a job asks for and that is not built here. */
export function refuseUnimplementedJob(job: Job): void {
  const task = job.template?.template;
  const at = "template.template";
  const found: (string | false | undefined)[] = [
    job.createExecution.case !== undefined && job.createExecution.case,
    job.binaryAuthorization?.binauthzMethod.case === "policy" && "binary_authorization.policy",
    task !== undefined && task.encryptionKey !== "" && `${at}.encryption_key`,
    task?.nodeSelector !== undefined && `${at}.node_selector`,
    (task?.vpcAccess?.connector ?? "") !== "" && `${at}.vpc_access.connector`,
    ...unbuiltVolumes(task?.volumes ?? [], `${at}.volumes`),
    ...(task?.containers ?? []).flatMap((container, i) => [
      container.sourceCode !== undefined && `${at}.containers[${i}].source_code`,
      container.baseImageUri !== "" && `${at}.containers[${i}].base_image_uri`,
      container.readinessProbe !== undefined && `${at}.containers[${i}].readiness_probe`,
      container.resources?.limits["nvidia.com/gpu"] !== undefined && `${at}.containers[${i}].resources.limits.gpu`,
    ]),
  ];
  const fields = found.filter((field) => typeof field === "string");
  if (fields.length === 0) return;
  throw new RpcError("UNIMPLEMENTED", `Not implemented by the local Cloud Run: ${fields.join(", ")}.`);
}
