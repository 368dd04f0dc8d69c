variable "title" {
  default = "Reads what the nightly report needs"
}

data "google_project" "this" {}

data "google_client_config" "this" {}

resource "google_project_service" "used" {
  for_each = toset(["iam.googleapis.com", "iamcredentials.googleapis.com", "sts.googleapis.com", "cloudresourcemanager.googleapis.com"])

  service            = each.value
  disable_on_destroy = false
}

resource "google_service_account" "api" {
  account_id   = "api-runtime"
  display_name = var.title
  description  = "Of the program that answers /api"
  depends_on   = [google_project_service.used]
}

resource "google_service_account" "deployer" {
  account_id = "deployer"
  disabled   = false
}

resource "google_service_account_key" "deployer" {
  service_account_id = google_service_account.deployer.name
  key_algorithm      = "KEY_ALG_RSA_2048"
}

resource "google_project_iam_custom_role" "reader" {
  role_id     = "reportReader"
  title       = var.title
  description = "Of a test"
  permissions = ["storage.objects.get", "storage.objects.list", "secretmanager.versions.access"]
  stage       = "GA"
}

resource "google_project_iam_member" "api" {
  for_each = {
    logs    = "roles/logging.logWriter"
    metrics = "roles/monitoring.metricWriter"
    reports = google_project_iam_custom_role.reader.name
  }

  project = data.google_project.this.project_id
  role    = each.value
  member  = google_service_account.api.member
}

resource "google_project_iam_member" "until" {
  project = data.google_client_config.this.project
  role    = "roles/secretmanager.secretAccessor"
  member  = "serviceAccount:${google_service_account.deployer.email}"

  condition {
    title       = "until_2030"
    description = "Nobody needs it later"
    expression  = "request.time < timestamp(\"2030-01-01T00:00:00Z\")"
  }
}

resource "google_project_iam_audit_config" "secrets" {
  project = data.google_project.this.project_id
  service = "secretmanager.googleapis.com"

  audit_log_config {
    log_type = "DATA_READ"
  }
  audit_log_config {
    log_type         = "DATA_WRITE"
    exempted_members = ["serviceAccount:${google_service_account.deployer.email}"]
  }
}

resource "google_service_account_iam_member" "acts_as" {
  service_account_id = google_service_account.api.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.deployer.member
}

resource "google_iam_workload_identity_pool" "github" {
  workload_identity_pool_id = "github"
  display_name              = "GitHub Actions"
  description               = "Identities of workflows"
}

resource "google_iam_workload_identity_pool_provider" "github" {
  workload_identity_pool_id          = google_iam_workload_identity_pool.github.workload_identity_pool_id
  workload_identity_pool_provider_id = "github-oidc"
  display_name                       = "GitHub"
  description                        = var.title
  attribute_mapping = {
    "google.subject"       = "assertion.sub"
    "attribute.repository" = "assertion.repository"
    "attribute.ref"        = "assertion.ref"
  }
  attribute_condition = "assertion.repository_owner == 'example'"

  oidc {
    issuer_uri        = "https://token.actions.githubusercontent.com"
    allowed_audiences = ["https://example.com/deploy"]
  }
}

resource "google_service_account_iam_binding" "github" {
  service_account_id = google_service_account.deployer.name
  role               = "roles/iam.workloadIdentityUser"
  members = [
    "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.github.name}/attribute.repository/example/app",
  ]
}

output "number" {
  value = data.google_project.this.number
}

output "key" {
  value     = google_service_account_key.deployer.private_key
  sensitive = true
}
