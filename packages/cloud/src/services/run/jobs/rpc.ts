import { clone, create } from "@bufbuild/protobuf";
import type { Job, Jobs } from "../../../../gen/types/google/cloud/run/v2/job_pb.js";
import type { Operation } from "../../../../gen/types/google/longrunning/operations_pb.js";
import { iamMethods } from "../../../chain/iam-methods.ts";
import { type RpcService, rpc } from "../../../service.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import { checkEtag } from "../change.ts";
import { parseLocation } from "../names.ts";
import { api } from "../operations.ts";
import { pageSizeOf } from "../pages.ts";
import { requireRegion } from "../services.ts";
import { refuse } from "../violations.ts";
import { asked, changeJob, deleteJob, refuseDeletedJob, runJob } from "./change.ts";
import type { JobControl } from "./control.ts";
import { jobNotFound, parseJob } from "./names.ts";

/** The job of this canonical name. Throws NOT_FOUND. */
export function findJob({ store }: JobControl, name: string): Job {
  const place = parseJob(name);
  const found = store.jobs.get(name);
  if (found === undefined) throw jobNotFound(place, place.job);
  return found;
}

/** Throws UNIMPLEMENTED: what is deleted is gone here. */
export function refuseShowDeleted({ showDeleted }: { readonly showDeleted: boolean }): void {
  if (showDeleted) throw new RpcError("UNIMPLEMENTED", "Not implemented by the local Cloud Run: show_deleted.");
}

/** `google.cloud.run.v2.Jobs` */
export function jobsRpc(control: JobControl): RpcService {
  const { host, m, store } = control;
  const { canonical } = host.projects;
  const operation = (name: string): Operation => host.operations.message(name) as Operation;
  const required = (request: string, field: string) =>
    refuse([{ field: `Violation in ${request}.${field}`, description: "required field not present." }]);

  return rpc<typeof Jobs>("google.cloud.run.v2.Jobs", {
    createJob: {
      permission: "run.jobs.create",
      resource: (request) => request.parent,
      audit: "ADMIN_WRITE",
      handle: ({ parent: given, job, jobId, validateOnly }, call) => {
        const parent = canonical(given);
        requireRegion(parseLocation(parent).location);
        if (job === undefined) throw required("CreateJobRequest", "job");
        if (jobId === "" || jobId.includes("/")) throw required("CreateJobRequest", "job_id");
        const name = `${parent}/jobs/${jobId}`;
        if (store.jobs.has(name)) throw new RpcError("ALREADY_EXISTS", `Resource '${jobId}' already exists.`);
        const made = asked(m, create(m.job, { ...job, name }));
        return operation(changeJob(control, call, { job: made, before: undefined, validateOnly }));
      },
    },

    getJob: {
      permission: "run.jobs.get",
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => findJob(control, canonical(request.name)),
    },

    listJobs: {
      permission: "run.jobs.list",
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        refuseShowDeleted(request);
        const parent = canonical(request.parent);
        const { project, location } = parseLocation(parent);
        if (location !== "-") requireRegion(location);
        const { items, nextPageToken } = store.jobs.list({
          ...(location === "-" ? { under: `projects/${project}/locations/` } : { parent }),
          pageSize: pageSizeOf(request.pageSize),
          pageToken: request.pageToken,
        });
        return { jobs: items, nextPageToken };
      },
    },

    updateJob: {
      permission: "run.jobs.update",
      resource: (request) => request.job?.name ?? "",
      audit: "ADMIN_WRITE",
      handle: ({ job: given, allowMissing, validateOnly }, call) => {
        if (given === undefined) throw required("UpdateJobRequest", "job");
        const name = canonical(given.name);
        const place = parseJob(name);
        const before = store.jobs.get(name);
        if (before === undefined) {
          if (!allowMissing) throw jobNotFound(place, place.job);
          requireRegion(place.location);
          const parent = `projects/${place.project}/locations/${place.location}`;
          host.iam.require(call.caller, ["run.jobs.create"], `${api}/${parent}`);
        } else {
          checkEtag(given.etag, before);
          refuseDeletedJob(before);
        }
        const job = asked(m, create(m.job, { ...given, name }));
        return operation(changeJob(control, call, { job, before, validateOnly }));
      },
    },

    deleteJob: {
      permission: "run.jobs.delete",
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: ({ name, etag, validateOnly }, call) => {
        const job = findJob(control, canonical(name));
        checkEtag(etag, job);
        refuseDeletedJob(job);
        return operation(deleteJob(control, call, job, validateOnly));
      },
    },

    runJob: {
      permission: ({ overrides }) => (overrides === undefined ? "run.jobs.run" : "run.jobs.runWithOverrides"),
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: ({ name, etag, validateOnly, overrides }, call) => {
        const job = clone(m.job, findJob(control, canonical(name)));
        checkEtag(etag, job);
        refuseDeletedJob(job);
        return operation(runJob(control, call, job, { overrides, validateOnly }).operation);
      },
    },

    ...iamMethods({ permissions: "run.jobs", exists: (name) => void findJob(control, name) }),
  });
}
