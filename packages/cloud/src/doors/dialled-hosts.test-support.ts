/**
 * Hosts that gcloud, gsutil, the Terraform provider `hashicorp/google` and Google's libraries dial, as their sources and
 * runs of them show: each must end at the local cloud.
 */
export const dialledHosts: readonly string[] = [
  // APIs of gcloud's commands and of the provider's resources
  ...`accessapproval accesscontextmanager aiplatform alloydb apigateway apigee apikeys appengine artifactregistry
  assuredworkloads baremetalsolution batch bigquery bigquerydatatransfer bigtableadmin billingbudgets binaryauthorization
  certificatemanager cloudaicompanion cloudapis cloudasset cloudbilling cloudbuild clouddeploy clouderrorreporting
  cloudfunctions cloudidentity cloudkms cloudquotas cloudresourcemanager cloudscheduler cloudshell cloudtasks cloudtrace
  composer compute config connectgateway container containeranalysis containerscanning datacatalog dataflow datafusion
  datamigration dataplex dataproc datastore datastream developerconnect dns domains edgecontainer essentialcontacts
  eventarc file firebase firebasehosting firebaserules firestore generativelanguage gkebackup gkehub gkemulticloud
  healthcare iam iamcredentials iap identitytoolkit ids language lifesciences logging looker managedidentities memcache
  metastore ml monitoring netapp networkconnectivity networkmanagement networksecurity networkservices notebooks
  ondemandscanning openidconnect orgpolicy osconfig oslogin parametermanager policyanalyzer policysimulator
  policytroubleshooter privateca privilegedaccessmanager pubsub pubsublite recaptchaenterprise recommender redis run
  runtimeconfig seclm secretmanager securesourcemanager securetoken securitycenter servicecontrol servicedirectory
  servicemanagement servicenetworking serviceusage sourcerepo spanner speech sqladmin storage storagetransfer sts testing
  tpu transcoder translate videointelligence vision vmmigration vmwareengine vpcaccess webrisk websecurityscanner
  workflowexecutions workflows workstations oauth2 www cloudcommerceprocurement cloudsupport`
    .split(/\s+/)
    .map((name) => `${name}.googleapis.com`),
  // Regional, locational and mTLS forms
  "us-central1-run.googleapis.com",
  "europe-west1-run.googleapis.com",
  "us-central1-aiplatform.googleapis.com",
  "us-central1-artifactregistry.googleapis.com",
  "us-central1-eventarc.googleapis.com",
  "secretmanager.europe-west3.rep.googleapis.com",
  "cloudkms.us-east1.rep.googleapis.com",
  "logging.us.rep.googleapis.com",
  "secretmanager.mtls.googleapis.com",
  "storage.mtls.googleapis.com",
  "gaia-media-prod.storage.googleapis.com",
  "commondatastorage.googleapis.com",
  "logging.private.googleapis.com",
  "cloud.googleapis.com",
  "play.googleapis.com",
  "fonts.googleapis.com",
  // Sign-in, downloads, consoles, tools
  "accounts.google.com",
  "cloud.google.com",
  "console.cloud.google.com",
  "storage.cloud.google.com",
  "ssh.cloud.google.com",
  "shell.cloud.google.com",
  "sdk.cloud.google.com",
  "packages.cloud.google.com",
  "tunnel.cloudproxy.app",
  "source.developers.google.com",
  "dl.google.com",
  // Registries
  "gcr.io",
  "us.gcr.io",
  "eu.gcr.io",
  "asia.gcr.io",
  "marketplace.gcr.io",
  "us-docker.pkg.dev",
  "us-central1-docker.pkg.dev",
  "europe-west1-npm.pkg.dev",
  "asia-python.pkg.dev",
  // What is deployed
  "storymimi-api-123456789012.us-central1.run.app",
  "storymimi-api-abcdefghij-uc.a.run.app",
  "us-central1-demo.cloudfunctions.net",
  "demo.uc.r.appspot.com",
  "demo.appspot.com",
  "demo-default-rtdb.firebaseio.com",
  "demo.europe-west1.firebasedatabase.app",
  "abc-dot-us-central1.composer.googleusercontent.com",
  "abc.sql.cloud.goog",
  // The metadata server
  "metadata.google.internal",
  "metadata",
  "169.254.169.254",
];
