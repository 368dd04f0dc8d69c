variable "keep" {
  default = 5
}

resource "google_service_account" "puller" {
  account_id = "puller"
}

resource "google_artifact_registry_repository" "images" {
  location      = "us-central1"
  repository_id = "images"
  format        = "DOCKER"
  description   = "Images of the last ${var.keep} builds"
  labels        = { team = "platform" }

  docker_config {
    immutable_tags = true
  }

  cleanup_policy_dry_run = true

  cleanup_policies {
    id     = "old"
    action = "DELETE"
    condition {
      tag_state  = "UNTAGGED"
      older_than = "30d"
    }
  }
  cleanup_policies {
    id     = "keep"
    action = "KEEP"
    most_recent_versions {
      package_name_prefixes = ["api", "worker"]
      keep_count            = var.keep
    }
  }
}

resource "google_artifact_registry_repository" "plain" {
  location      = "europe-west1"
  repository_id = "plain"
  format        = "DOCKER"
}

resource "google_artifact_registry_repository_iam_member" "puller" {
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.puller.member
}

resource "google_artifact_registry_repository_iam_binding" "writers" {
  location   = google_artifact_registry_repository.plain.location
  repository = google_artifact_registry_repository.plain.repository_id
  role       = "roles/artifactregistry.writer"
  members    = [google_service_account.puller.member]
}

data "google_artifact_registry_repository" "images" {
  location      = google_artifact_registry_repository.images.location
  repository_id = google_artifact_registry_repository.images.repository_id
}

output "uri" {
  value = data.google_artifact_registry_repository.images.registry_uri
}
