import type { TaskTemplate } from "../../../../gen/types/google/cloud/run/v2/task_template_pb.js";
import type { TaskSpec } from "../../../machines/tasks/task.ts";
import { containerSpec, networkOf } from "../spec.ts";
import { volumeSpecs } from "../volumes.ts";

/** What the machines run for one attempt of a task (defaults filled in). */
export function taskSpecOf(
  template: TaskTemplate,
  at: {
    readonly project: string;
    readonly projectNumber: string;
    readonly location: string;
    readonly job: string;
    readonly execution: string;
    readonly index: number;
    readonly attempt: number;
    readonly count: number;
  },
): TaskSpec {
  const { project, projectNumber, location, job, execution, index, attempt, count } = at;
  const network = networkOf(template, project, projectNumber);
  return {
    ...{ project, projectNumber, job, execution, index, attempt, count },
    region: location,
    containers: template.containers.map((container, i) => ({
      ...containerSpec(container, i, job, project),
      cpuIdle: false,
    })),
    volumes: volumeSpecs(template.volumes, project),
    serviceAccount: template.serviceAccount,
    timeoutS: Number(template.timeout?.seconds ?? 600n),
    ...(network === undefined ? {} : { vpcNetwork: network }),
  };
}
