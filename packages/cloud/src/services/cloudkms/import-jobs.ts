import { createPublicKey } from "node:crypto";
import {
  PublicKey_PublicKeyFormat as Format,
  ProtectionLevel,
  ImportJob_ImportJobState as State,
} from "../../../gen/cloudkms-v1.enums.ts";
import type { ImportJob } from "../../../gen/types/google/cloud/kms/v1/resources_pb.js";
import type { KeyManagementService } from "../../../gen/types/google/cloud/kms/v1/service_pb.js";
import type { Methods } from "../../service.ts";
import { listed } from "./lists.ts";
import { nowMicros, timestamp } from "./new-version.ts";
import type { KmsParts } from "./parts.ts";
import { alreadyExists, invalid, notFound, requireId, requireName, unimplemented } from "./rules.ts";
import { importMethodName, importMethodOf } from "./unwrap.ts";

/** docs.cloud.google.com/kms/docs/key-import: a job expires three days after it was created. */
const lifeMs = 3 * 86_400_000;

/** Import jobs: made, read, listed. Each has a wrapping key of its own, for three days. */
export function importJobMethods(parts: KmsParts): Methods<typeof KeyManagementService> {
  const { host, store, due, jobs } = parts;
  return {
    createImportJob: {
      permission: "cloudkms.importJobs.create",
      resource: (request) => request.parent,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        requireName("KeyRing", request.parent);
        requireId("import_job_id", request.importJobId);
        const { importMethod = 0, protectionLevel = 0, cryptoKeyBackend } = request.importJob ?? {};
        if (importMethod === 0) throw invalid("ImportJob.import_method must be provided.");
        if (protectionLevel === 0) throw invalid("ImportJob.protection_level must be provided.");
        if (importMethodOf(importMethod) === undefined) {
          throw unimplemented(`import method ${importMethodName(importMethod)}`);
        }
        if (protectionLevel !== ProtectionLevel.SOFTWARE && protectionLevel !== ProtectionLevel.HSM) {
          throw unimplemented("import jobs of this protection level");
        }
        if (cryptoKeyBackend) throw invalid("ImportJob.crypto_key_backend applies to HSM_SINGLE_TENANT only.");
        const ring = host.projects.canonical(request.parent);
        if (!store.rings.has(ring)) throw notFound("KeyRing", request.parent);
        const micros = nowMicros(host);
        const job = host.schemas.create(jobs.schema, {
          name: `${ring}/importJobs/${request.importJobId}`,
          importMethod,
          protectionLevel,
          createTime: timestamp(micros),
          expireTime: timestamp(micros + lifeMs * 1000),
          state: State.PENDING_GENERATION,
        });
        if (!jobs.insert(job, host.clock.now() + lifeMs)) throw alreadyExists("ImportJob", job.name);
        due.changed();
        return job;
      },
    },
    getImportJob: {
      permission: "cloudkms.importJobs.get",
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => {
        const show = (job: ImportJob): ImportJob => inFormat(job, request.publicKeyFormat);
        const job = findJob(parts, request.name);
        if (job.state !== State.PENDING_GENERATION) return show(job);
        return jobs.ready(job.name).then(() => show(findJob(parts, request.name)));
      },
    },
    listImportJobs: {
      permission: "cloudkms.importJobs.list",
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        requireName("KeyRing", request.parent);
        due.settle();
        const parent = host.projects.canonical(request.parent);
        if (!store.rings.has(parent)) throw notFound("KeyRing", request.parent);
        const { items, nextPageToken } = listed(jobs.all, { ...request, parent }, jobs.schema);
        return {
          importJobs: items,
          nextPageToken,
          totalSize: request.filter === "" ? jobs.all.count(parent) : 0,
        };
      },
    },
  };
}

/** A job by a name that came in. Throws NOT_FOUND; what has fallen due is done first. */
export function findJob({ host, due, jobs }: KmsParts, given: string): ImportJob {
  requireName("ImportJob", given);
  due.settle();
  const job = jobs.all.get(host.projects.canonical(given));
  if (job === undefined) throw notFound("ImportJob", given);
  return job;
}

function inFormat(job: ImportJob, format: number): ImportJob {
  const pem = job.publicKey?.pem;
  if (pem === undefined || format === Format.PUBLIC_KEY_FORMAT_UNSPECIFIED) return job;
  if (format !== Format.PEM && format !== Format.DER) {
    throw invalid("public_key_format must be PEM or DER for an import method with RSA.");
  }
  const der = (): Uint8Array => createPublicKey(pem).export({ type: "spki", format: "der" });
  return {
    ...job,
    publicKeyFormat: format,
    publicKey: {
      $typeName: "google.cloud.kms.v1.ImportJob.WrappingPublicKey",
      pem: format === Format.PEM ? pem : "",
      data: format === Format.PEM ? Buffer.from(pem) : der(),
    },
  };
}
