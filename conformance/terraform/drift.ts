import type { Answer, Place } from "../place.ts";
import type { Resource, Values } from "./cli.ts";

/** How a resource is found and changed behind Terraform's back. */
interface Kind {
  /** Where it is, without `https://`; undefined where this one cannot be told. */
  readonly at: (values: Values) => string | undefined;
  /** Changes what its configuration says. False: nothing of this one could be changed. */
  readonly drift?: (place: Place, at: string, values: Values) => Promise<unknown>;
}

const patched =
  (body: Readonly<Record<string, unknown>>, mask = true): NonNullable<Kind["drift"]> =>
  ({ api }, at) =>
    api("PATCH", mask ? `${at}?updateMask=${Object.keys(body).join(",")}` : at, body);

/** Where the last write must be sent whole. */
const rewritten =
  (verb: string, change: (found: Answer) => void): NonNullable<Kind["drift"]> =>
  async ({ api }, at) => {
    const found = await api("GET", at);
    change(found);
    return settled(api, await api(verb, at, found));
  };

const text = "changed behind Terraform's back";

const byId =
  (host: string): Kind["at"] =>
  ({ id }) =>
    `${host}/${id}`;
const byName =
  (host: string): Kind["at"] =>
  ({ name }) =>
    `${host}/${name}`;

async function settled(api: Place["api"], answer: Answer): Promise<void> {
  if (typeof answer.name === "string" && answer.name.includes("/operations/") && answer.done !== true)
    await api("POST", `run.googleapis.com/v2/${answer.name}:wait`, { timeout: "60s" });
}

export const kinds: Readonly<Record<string, Kind>> = {
  google_secret_manager_secret: {
    at: byId("secretmanager.googleapis.com/v1"),
    drift: patched({ labels: { drifted: "yes" }, annotations: { drifted: "yes" } }),
  },
  google_secret_manager_secret_version: {
    at: byName("secretmanager.googleapis.com/v1"),
    drift: ({ api }, at, { enabled }) => api("POST", `${at}:${enabled === false ? "enable" : "disable"}`, {}),
  },
  google_service_account: {
    at: byId("iam.googleapis.com/v1"),
    drift: ({ api }, at) => api("PATCH", at, { serviceAccount: { displayName: text }, updateMask: "display_name" }),
  },
  google_project_iam_custom_role: { at: byId("iam.googleapis.com/v1"), drift: patched({ title: text }) },
  google_iam_workload_identity_pool: { at: byId("iam.googleapis.com/v1"), drift: patched({ description: text }) },
  google_iam_workload_identity_pool_provider: {
    at: byId("iam.googleapis.com/v1"),
    drift: patched({ description: text }),
  },
  google_storage_bucket: {
    at: byName("storage.googleapis.com/storage/v1/b"),
    // Autoclass chooses the class itself.
    drift: async ({ api }, at, { storage_class, autoclass }) =>
      (autoclass as readonly { enabled?: boolean }[])?.[0]?.enabled === true
        ? false
        : api("PATCH", at, { storageClass: storage_class === "NEARLINE" ? "STANDARD" : "NEARLINE" }),
  },
  google_storage_bucket_object: {
    at: ({ bucket, name }) => `storage.googleapis.com/storage/v1/b/${bucket}/o/${encodeURIComponent(String(name))}`,
    drift: ({ api }, at) => api("DELETE", at),
  },
  google_artifact_registry_repository: {
    at: byId("artifactregistry.googleapis.com/v1"),
    drift: patched({ description: text }),
  },
  google_cloud_run_v2_service: {
    at: byId("run.googleapis.com/v2"),
    drift: rewritten("PATCH", (found) => {
      found.description = text;
      // A name is given to one configuration alone.
      if (found.template.revision === undefined) found.template.containers[0].env = [{ name: "DRIFTED", value: "yes" }];
    }),
  },
  google_cloud_run_v2_job: {
    at: byId("run.googleapis.com/v2"),
    drift: rewritten("PATCH", (found) => {
      found.template.template.containers[0].env = [{ name: "DRIFTED", value: "yes" }];
    }),
  },
  google_cloud_run_service: {
    at: ({ project, name, location }) =>
      `${location}-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/${project}/services/${name}`,
    drift: rewritten("PUT", (found) => {
      found.spec.template.metadata.name = undefined;
      found.spec.template.spec.containerConcurrency = 7;
    }),
  },
  google_kms_key_ring: { at: byId("cloudkms.googleapis.com/v1") },
  google_kms_crypto_key: {
    at: byId("cloudkms.googleapis.com/v1"),
    drift: async ({ api }, at, { rotation_period }) =>
      typeof rotation_period !== "string" || rotation_period === ""
        ? false
        : api("PATCH", `${at}?updateMask=rotationPeriod`, { rotationPeriod: "9504000s" }),
  },
  google_monitoring_alert_policy: {
    at: byName("monitoring.googleapis.com/v3"),
    drift: patched({ displayName: text }),
  },
  google_monitoring_notification_channel: {
    at: byName("monitoring.googleapis.com/v3"),
    drift: patched({ displayName: text }),
  },
  google_monitoring_custom_service: {
    at: byName("monitoring.googleapis.com/v3"),
    drift: patched({ displayName: text }),
  },
  google_monitoring_slo: { at: byName("monitoring.googleapis.com/v3"), drift: patched({ displayName: text }) },
  google_monitoring_uptime_check_config: {
    at: byName("monitoring.googleapis.com/v3"),
    drift: patched({ displayName: text }),
  },
  google_monitoring_group: { at: byName("monitoring.googleapis.com/v3") },
  google_monitoring_dashboard: {
    at: byId("monitoring.googleapis.com/v1"),
    drift: rewritten("PATCH", (found) => {
      found.displayName = text;
    }),
  },
  google_logging_metric: {
    at: ({ project, name }) =>
      `logging.googleapis.com/v2/projects/${project}/metrics/${encodeURIComponent(String(name))}`,
    drift: rewritten("PUT", (found) => {
      found.filter = "severity>=CRITICAL";
    }),
  },
  google_logging_project_sink: {
    at: byId("logging.googleapis.com/v2"),
    drift: patched({ filter: "severity>=CRITICAL" }),
  },
  google_logging_project_bucket_config: {
    at: byName("logging.googleapis.com/v2"),
    drift: patched({ retentionDays: 77 }),
  },
  google_redis_instance: {
    at: byId("redis.googleapis.com/v1"),
    drift: patched({ displayName: text }),
  },
};

/** Those whose policies one member can be taken from: the parent's address and how its policy is read and set. */
const parents: Readonly<Record<string, (values: Values) => string>> = {
  google_project: ({ project }) => `cloudresourcemanager.googleapis.com/v1/projects/${project}`,
  google_service_account: ({ service_account_id }) => `iam.googleapis.com/v1/${service_account_id}`,
  google_secret_manager_secret: ({ secret_id }) => `secretmanager.googleapis.com/v1/${secret_id}`,
  google_cloud_run_v2_service: ({ project, location, name }) =>
    `run.googleapis.com/v2/projects/${project}/locations/${location}/services/${String(name).split("/").at(-1)}`,
  google_cloud_run_v2_job: ({ project, location, name }) =>
    `run.googleapis.com/v2/projects/${project}/locations/${location}/jobs/${String(name).split("/").at(-1)}`,
  google_kms_key_ring: ({ key_ring_id }) => `cloudkms.googleapis.com/v1/${key_ring_id}`,
  google_kms_crypto_key: ({ crypto_key_id }) => `cloudkms.googleapis.com/v1/${crypto_key_id}`,
  google_artifact_registry_repository: ({ project, location, repository }) =>
    `artifactregistry.googleapis.com/v1/projects/${project}/locations/${location}/repositories/${String(repository).split("/").at(-1)}`,
};

/** Changes one resource behind Terraform's back. False: there is no telling how. */
export async function drift(place: Place, { type, values }: Resource): Promise<boolean> {
  const kind = kinds[type];
  if (kind !== undefined) {
    const at = kind.at(values);
    if (at === undefined || kind.drift === undefined) return false;
    return (await kind.drift(place, at, values)) !== false;
  }
  const parent = parents[type.replace(/_iam_member$/, "")]?.(values);
  if (parent === undefined || !type.endsWith("_iam_member")) return false;
  await takeMember(place, parent, values);
  return true;
}

async function takeMember({ api }: Place, parent: string, { role, member }: Values): Promise<void> {
  const byPost = /^(cloudresourcemanager|iam)\./.test(parent);
  const asked = byPost ? { options: { requestedPolicyVersion: 3 } } : undefined;
  const query = byPost || parent.startsWith("run.") ? "" : "?options.requestedPolicyVersion=3";
  const policy = await api(byPost ? "POST" : "GET", `${parent}:getIamPolicy${query}`, asked);
  const bindings = policy.bindings.map((each: Answer) =>
    each.role === role ? { ...each, members: each.members.filter((one: string) => one !== member) } : each,
  );
  const left = bindings.filter((each: Answer) => each.members.length > 0);
  await api("POST", `${parent}:setIamPolicy`, { policy: { ...policy, bindings: left } });
}
