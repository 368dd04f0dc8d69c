import { createHash } from "node:crypto";
import { RpcError } from "../../wire/rpc-error.ts";

/** Whose domain the service agent of an API is of: https://cloud.google.com/iam/docs/service-agents */
const domains: Readonly<Record<string, string>> = {
  aiplatform: "gcp-sa-aiplatform",
  artifactregistry: "gcp-sa-artifactregistry",
  cloudbuild: "gcp-sa-cloudbuild",
  clouddeploy: "gcp-sa-clouddeploy",
  cloudfunctions: "gcf-admin-robot",
  cloudscheduler: "gcp-sa-cloudscheduler",
  cloudtasks: "gcp-sa-cloudtasks",
  compute: "compute-system",
  container: "container-engine-robot",
  containeranalysis: "container-analysis",
  containerregistry: "containerregistry",
  containerscanning: "gcp-sa-containerscanning",
  eventarc: "gcp-sa-eventarc",
  firebase: "gcp-sa-firebase",
  firestore: "gcp-sa-firestore",
  iap: "gcp-sa-iap",
  logging: "gcp-sa-logging",
  memcache: "cloud-memcache-sa",
  monitoring: "gcp-sa-monitoring-notification",
  pubsub: "gcp-sa-pubsub",
  redis: "cloud-redis",
  run: "serverless-robot-prod",
  secretmanager: "gcp-sa-secretmanager",
  servicenetworking: "service-networking",
  sqladmin: "gcp-sa-cloud-sql",
  storage: "gs-project-accounts",
  vpcaccess: "gcp-sa-vpcaccess",
  workflows: "gcp-sa-workflows",
};

/** The role that an agent gets in the project when its API is turned on. */
const roles: Readonly<Record<string, string>> = {
  "artifactregistry.googleapis.com": "roles/artifactregistry.serviceAgent",
  "cloudscheduler.googleapis.com": "roles/cloudscheduler.serviceAgent",
  "redis.googleapis.com": "roles/redis.serviceAgent",
  "run.googleapis.com": "roles/run.serviceAgent",
};

/** The identity by which a service of Google's works in a project. Throws UNIMPLEMENTED where it is not known here. */
export function agentOf(api: string, number: string): { readonly email: string; readonly uniqueId: string } {
  const domain = domains[api.slice(0, api.indexOf("."))];
  if (domain === undefined) {
    throw new RpcError("UNIMPLEMENTED", `The local cloud does not know the service identity of ${api}.`);
  }
  const email = `service-${number}@${domain}.iam.gserviceaccount.com`;
  const digits = BigInt(`0x${createHash("sha256").update(email).digest("hex").slice(0, 16)}`);
  return { email, uniqueId: `1${String(digits).padStart(20, "0").slice(-20)}` };
}

/** The agent's grant; none where Google gives none. */
export function agentGrant(
  api: string,
  number: string,
): { readonly role: string; readonly member: string } | undefined {
  const role = roles[api];
  return role === undefined ? undefined : { role, member: `serviceAccount:${agentOf(api, number).email}` };
}
