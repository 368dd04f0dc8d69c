import { clone } from "@bufbuild/protobuf";
import type { Job } from "../../../../gen/types/google/cloud/run/v2/job_pb.js";
import type { Json, RestMethod, RestRequest } from "../../../service.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import type { Control } from "../control.ts";
import { changeJob, deleteJob, refuseDeletedJob, runJob } from "../jobs/change.ts";
import { type JobControl, jobControlOf } from "../jobs/control.ts";
import { jobNotFound } from "../jobs/names.ts";
import { idOf, parseLocation } from "../names.ts";
import { requireRegion } from "../services.ts";
import { asKnative } from "./errors.ts";
import { executionShow } from "./executions.ts";
import { jobIn, overridesIn } from "./job-in.ts";
import { jobOut } from "./job-out.ts";
import { objectAt, textAt, tidy } from "./json.ts";
import { batch, checkVersion } from "./metadata.ts";
import { findByIn, listOf, numberOf, parentOf, regionalParent, whereOf } from "./places.ts";
import { checkMetadataName } from "./service-in.ts";
import { deletedStatus, dryRun } from "./status.ts";

const root = "/apis/run.googleapis.com/v1/namespaces/{project}/jobs";

/** v1's jobs, over those of v2. */
export function jobsRest(control: Control): readonly RestMethod[] {
  const jobs: JobControl = jobControlOf(control);
  const { store, m } = jobs;

  const seek = (request: RestRequest): Job | undefined => {
    const { id = "" } = request.params;
    const where = whereOf(control, request);
    if (where.region === "-") return findByIn(store.jobs, where, "jobs", id);
    return store.jobs.get(`projects/${where.project}/locations/${where.region}/jobs/${id}`);
  };
  const find = (request: RestRequest): Job => {
    const found = seek(request);
    if (found !== undefined) return found;
    const { project, region } = whereOf(control, request);
    throw jobNotFound({ project, location: region }, request.params.id ?? "");
  };
  const named = (request: RestRequest): string =>
    seek(request)?.name ?? `${parentOf(control, request)}/jobs/${request.params.id}`;
  const show = (job: Job): object =>
    jobOut(job, { projectNumber: numberOf(control, job.name), operation: control.lastOperations.of(job.name) });
  const stored = (name: string): Json => {
    const job = store.jobs.get(name);
    if (job === undefined) throw new RpcError("ABORTED", `The job '${idOf(name)}' was deleted meanwhile.`);
    return tidy(show(job));
  };
  const id = "google.cloud.run.v1.Jobs";

  return [
    {
      id: `${id}.CreateJob`,
      verb: "POST",
      path: root,
      permission: "run.jobs.create",
      resource: (request) => parentOf(control, request),
      audit: "ADMIN_WRITE",
      handle: (request, call) => {
        const parent = regionalParent(control, request);
        requireRegion(parseLocation(parent).location);
        const jobId = checkMetadataName(request.body, undefined);
        const name = `${parent}/jobs/${jobId}`;
        if (jobId.includes("/") || store.jobs.has(name)) {
          throw new RpcError("ALREADY_EXISTS", `Resource '${jobId}' already exists.`);
        }
        const job = jobIn(m, request.body, name, jobId);
        const validateOnly = dryRun(request);
        asKnative("job", () => changeJob(jobs, call, { job, before: undefined, validateOnly }));
        return validateOnly ? tidy(show(job)) : stored(name);
      },
    },
    {
      id: `${id}.ReplaceJob`,
      verb: "PUT",
      path: `${root}/{id}`,
      permission: "run.jobs.update",
      resource: named,
      audit: "ADMIN_WRITE",
      handle: (request, call) => {
        const before = find(request);
        const jobId = checkMetadataName(request.body, idOf(before.name));
        const metadata = objectAt(request.body.metadata, "metadata");
        checkVersion(textAt(metadata.resourceVersion, "metadata.resourceVersion"), before);
        refuseDeletedJob(before);
        const job = jobIn(m, request.body, before.name, jobId);
        const validateOnly = dryRun(request);
        asKnative("job", () => changeJob(jobs, call, { job, before, validateOnly }));
        return validateOnly ? tidy(show(job)) : stored(before.name);
      },
    },
    {
      id: `${id}.DeleteJob`,
      verb: "DELETE",
      path: `${root}/{id}`,
      permission: "run.jobs.delete",
      resource: named,
      audit: "ADMIN_WRITE",
      handle: (request, call) => {
        const job = find(request);
        refuseDeletedJob(job);
        deleteJob(jobs, call, job, dryRun(request));
        return deletedStatus("jobs", job);
      },
    },
    {
      id: `${id}.GetJob`,
      verb: "GET",
      path: `${root}/{id}`,
      permission: "run.jobs.get",
      resource: named,
      audit: "ADMIN_READ",
      handle: (request) => tidy(show(find(request))),
    },
    {
      id: `${id}.ListJobs`,
      verb: "GET",
      path: root,
      permission: "run.jobs.list",
      resource: (request) => parentOf(control, request),
      audit: "ADMIN_READ",
      handle: (request) =>
        listOf(control, request, { apiVersion: batch, kind: "JobList", collection: store.jobs, show }),
    },
    {
      id: `${id}.RunJob`,
      verb: "POST",
      path: `${root}/{id}:run`,
      permission: ({ body }) =>
        Object.keys(objectAt(body.overrides, "overrides")).length === 0 ? "run.jobs.run" : "run.jobs.runWithOverrides",
      resource: named,
      audit: "ADMIN_WRITE",
      handle: (request, call) => {
        const job = clone(m.job, find(request));
        refuseDeletedJob(job);
        const overrides = overridesIn(jobs, request.body, idOf(job.name));
        const { execution } = runJob(jobs, call, job, { overrides, validateOnly: false });
        return tidy(executionShow(control)(execution));
      },
    },
  ];
}
