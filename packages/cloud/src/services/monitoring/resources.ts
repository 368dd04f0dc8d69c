/** A kind of thing that figures and log entries belong to. */
export interface ResourceType {
  readonly type: string;
  readonly displayName: string;
  readonly description: string;
  /** Labels with what they mean. */
  readonly labels: Readonly<Record<string, string>>;
}

const project = { project_id: "The identifier of the GCP project associated with this resource." };
const of = (
  type: string,
  displayName: string,
  description: string,
  labels: Readonly<Record<string, string>>,
): ResourceType => ({ type, displayName, description, labels: { ...project, ...labels } });

/** The monitored resources that are known here, by type; https://cloud.google.com/monitoring/api/resources */
export const resourceTypes: readonly ResourceType[] = [
  of("api", "Produced API", "An API provided by the producer.", {
    service: "API service name.",
    method: "API method.",
    version: "API version.",
    location: "The service specific notion of location.",
  }),
  of("artifactregistry.googleapis.com/Repository", "Artifact Registry Repository", "A repository of artifacts.", {
    location: "Where the repository is.",
    repository_id: "The identifier of the repository.",
  }),
  of("audited_resource", "Audited Resource", "A resource of a service that is audited and has no type of its own.", {
    service: "The name of the API service.",
    method: "The name of the API method.",
  }),
  of("build", "Cloud Build", "A build of Cloud Build.", {
    build_id: "The identifier of the build.",
    build_trigger_id: "The identifier of the trigger.",
  }),
  of("cloud_run_job", "Cloud Run Job", "A Cloud Run job.", {
    job_name: "Name of the monitored job.",
    location: "Region where the job is running.",
  }),
  of("cloud_run_revision", "Cloud Run Revision", "A revision in Cloud Run.", {
    service_name: "Name of the monitored service.",
    revision_name: "Name of the monitored revision.",
    location: "Region where the service is running.",
    configuration_name: "Name of the configuration which created the monitored revision.",
  }),
  of("cloud_run_worker_pool", "Cloud Run Worker Pool", "A Cloud Run worker pool.", {
    worker_pool_name: "Name of the monitored worker pool.",
    revision_name: "Name of the monitored revision.",
    location: "Region where the worker pool is running.",
  }),
  of("cloud_scheduler_job", "Cloud Scheduler Job", "A job of Cloud Scheduler.", {
    job_id: "The identifier of the job.",
    location: "Where the job is.",
  }),
  of("cloudkms_cryptokey", "Cloud KMS CryptoKey", "A key of Cloud KMS.", {
    location: "Where the key is.",
    key_ring_id: "The identifier of the key ring.",
    crypto_key_id: "The identifier of the key.",
  }),
  of("cloudsql_database", "Cloud SQL Database", "A database hosted in Cloud SQL.", {
    database_id: "The identifier of the database: project and instance.",
    region: "Where the database is.",
  }),
  of("gce_instance", "VM Instance", "A virtual machine of Compute Engine.", {
    instance_id: "The identifier of the instance, a number.",
    zone: "The zone in which the instance runs.",
  }),
  of("gcs_bucket", "GCS Bucket", "A bucket of Cloud Storage.", {
    bucket_name: "The name of the bucket.",
    location: "Where the bucket is.",
  }),
  of("generic_node", "Generic Node", "A machine for which no other type fits.", {
    location: "Where data about the resource is stored.",
    namespace: "A namespace identifier, such as a cluster name.",
    node_id: "A unique identifier of the node in the namespace.",
  }),
  of("generic_task", "Generic Task", "An application's process for which no other type fits.", {
    location: "Where data about the resource is stored.",
    namespace: "A namespace identifier, such as a cluster name.",
    job: "The name of a group of related tasks.",
    task_id: "A unique identifier of the task in the namespace and job.",
  }),
  of("global", "Global", "What belongs to no resource.", {}),
  of("k8s_container", "Kubernetes Container", "A container of Kubernetes.", {
    location: "Where the cluster is.",
    cluster_name: "The name of the cluster.",
    namespace_name: "The name of the namespace.",
    pod_name: "The name of the pod.",
    container_name: "The name of the container.",
  }),
  of("logging_log", "Log stream", "A stream of log entries.", { name: "The name of the log." }),
  of("logging_sink", "Logging export sink", "A sink of log entries.", {
    name: "The name of the sink.",
    destination: "Where the sink writes to.",
  }),
  of("project", "Google Project", "A project.", {}),
  of("prometheus_target", "Prometheus Target", "A target that Prometheus reads.", {
    location: "Where data about the resource is stored.",
    cluster: "The name of the cluster.",
    namespace: "The namespace.",
    job: "The configured name of the job.",
    instance: "The host and port of the target.",
  }),
  of("pubsub_subscription", "Cloud Pub/Sub Subscription", "A subscription of Pub/Sub.", {
    subscription_id: "The identifier of the subscription.",
  }),
  of("pubsub_topic", "Cloud Pub/Sub Topic", "A topic of Pub/Sub.", { topic_id: "The identifier of the topic." }),
  of("redis_instance", "Cloud Memorystore Redis Instance", "An instance of Memorystore for Redis.", {
    region: "Where the instance is.",
    instance_id: "The identifier of the instance.",
    node_id: "The identifier of the node in the instance.",
  }),
  of("secretmanager.googleapis.com/Secret", "Secret", "A secret of Secret Manager.", {
    location: "Where the secret is: global.",
    secret_id: "The identifier of the secret.",
  }),
  of("service_account", "Service Account", "A service account.", {
    email_id: "The e-mail of the service account.",
    unique_id: "The unique number of the service account.",
  }),
  of("uptime_url", "Uptime Check URL", "A URL that is checked.", { host: "The host of the URL." }),
];

const byType: ReadonlyMap<string, ResourceType> = new Map(resourceTypes.map((each) => [each.type, each]));

export function resourceType(type: string): ResourceType | undefined {
  return byType.get(type);
}

/** As `google.api.MonitoredResourceDescriptor`; Logging answers it without a name. */
export function resourceDescriptor({ type, displayName, description, labels }: ResourceType) {
  return {
    type,
    displayName,
    description,
    labels: Object.entries(labels).map(([key, meaning]) => ({ key, description: meaning })),
  };
}
