import type { LogEntry } from "../host.ts";
import type { Call } from "../service.ts";
import type { Accounts } from "./accounts.ts";

/** The monitored resource that Google files an audit entry under: by the kind of thing, else `audited_resource`. */
export function auditedResource(
  call: Call,
  name: string,
  projectId: string,
  accounts: Pick<Accounts, "get">,
): LogEntry["resource"] {
  const segment = (collection: string): string => {
    const parts = name.split("/");
    const at = parts.indexOf(collection);
    return at < 0 ? "" : (parts[at + 1] ?? "");
  };
  switch (call.api) {
    case "cloudresourcemanager.googleapis.com":
      return { type: "project", labels: { project_id: projectId } };
    case "run.googleapis.com":
      if (segment("jobs") !== "") {
        const labels = { project_id: projectId, location: segment("locations"), job_name: segment("jobs") };
        return { type: "cloud_run_job", labels };
      }
      return {
        type: "cloud_run_revision",
        labels: {
          project_id: projectId,
          location: segment("locations"),
          service_name: segment("services"),
          revision_name: segment("revisions"),
          configuration_name: segment("services"),
        },
      };
    case "iam.googleapis.com":
    case "iamcredentials.googleapis.com": {
      const given = segment("serviceAccounts");
      const { email = given, uniqueId = "" } = accounts.get(given) ?? {};
      return { type: "service_account", labels: { project_id: projectId, email_id: email, unique_id: uniqueId } };
    }
    case "cloudkms.googleapis.com":
      return kmsResource(projectId, segment);
    case "redis.googleapis.com":
      return {
        type: "redis_instance",
        labels: { project_id: projectId, region: segment("locations"), instance_id: name, node_id: "" },
      };
    case "storage.googleapis.com":
      return {
        type: "gcs_bucket",
        labels: { project_id: projectId, bucket_name: segment("buckets"), location: "" },
      };
    default:
      return {
        type: "audited_resource",
        labels: { project_id: projectId, service: call.api, method: call.method },
      };
  }
}

/** The ring, the key or the version that a name of Cloud KMS is about. */
function kmsResource(projectId: string, segment: (collection: string) => string): LogEntry["resource"] {
  const labels = { project_id: projectId, location: segment("locations"), key_ring_id: segment("keyRings") };
  if (segment("cryptoKeys") === "") return { type: "cloudkms_keyring", labels };
  const key = { ...labels, crypto_key_id: segment("cryptoKeys") };
  if (segment("cryptoKeyVersions") === "") return { type: "cloudkms_cryptokey", labels: key };
  return {
    type: "cloudkms_cryptokeyversion",
    labels: { ...key, crypto_key_version_id: segment("cryptoKeyVersions") },
  };
}

/**
 * The name under which an entry shows a resource: a bucket's has no project, since names of buckets are global; an account
 * whose credentials were asked for goes by its number.
 */
export function auditedName(call: Call, name: string, accounts: Pick<Accounts, "get">): string {
  if (call.api === "iamcredentials.googleapis.com") {
    const given = name.slice(name.lastIndexOf("/") + 1);
    return `projects/-/serviceAccounts/${accounts.get(given)?.uniqueId ?? given}`;
  }
  return call.api === "storage.googleapis.com" ? name.replace(/^projects\/[^/]+(?=\/buckets\/)/, "projects/_") : name;
}
