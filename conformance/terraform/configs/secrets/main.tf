variable "team" {
  default = "billing"
}

variable "rotation_period" {
  default = "2592000s"
}

resource "google_service_account" "reader" {
  account_id = "secret-reader"
}

resource "google_secret_manager_secret" "plain" {
  secret_id = "database-url"

  labels = {
    team = var.team
    env  = "test"
  }
  annotations = {
    "example.com-owner" = "somebody@example.com"
  }

  replication {
    auto {}
  }
}

resource "google_secret_manager_secret" "placed" {
  secret_id           = "placed"
  version_destroy_ttl = "86400s"
  labels              = { team = var.team }

  replication {
    user_managed {
      replicas {
        location = "us-central1"
      }
      replicas {
        location = "europe-west1"
      }
    }
  }

  rotation {
    next_rotation_time = "2035-01-01T00:00:00Z"
    rotation_period    = var.rotation_period
  }
  topics {
    name = "projects/demo/topics/rotations"
  }
}

resource "google_secret_manager_secret" "passing" {
  secret_id = "passing"
  ttl       = "360000s"

  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_version" "first" {
  secret      = google_secret_manager_secret.plain.id
  secret_data = "postgres://localhost/app"
}

resource "google_secret_manager_secret_version" "second" {
  secret      = google_secret_manager_secret.plain.id
  secret_data = "postgres://localhost/app2"
  depends_on  = [google_secret_manager_secret_version.first]
}

resource "google_secret_manager_secret_version" "off" {
  secret                = google_secret_manager_secret.placed.id
  secret_data           = base64encode("\u0001binary")
  is_secret_data_base64 = true
  enabled               = false
  deletion_policy       = "DISABLE"
}

resource "google_secret_manager_secret_iam_member" "reader" {
  secret_id = google_secret_manager_secret.plain.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.reader.member
}

resource "google_secret_manager_secret_iam_member" "sometimes" {
  secret_id = google_secret_manager_secret.placed.secret_id
  role      = "roles/secretmanager.viewer"
  member    = google_service_account.reader.member

  condition {
    title      = "first-version"
    expression = "resource.name.endsWith(\"versions/1\")"
  }
}

resource "google_secret_manager_secret_iam_binding" "managers" {
  secret_id = google_secret_manager_secret.placed.id
  role      = "roles/secretmanager.secretVersionManager"
  members   = [google_service_account.reader.member, "user:you@local.aloft"]
}

resource "google_secret_manager_regional_secret" "here" {
  secret_id = "regional"
  location  = "europe-west1"
  labels    = { team = var.team }
}

resource "google_secret_manager_regional_secret_version" "here" {
  secret      = google_secret_manager_regional_secret.here.id
  secret_data = "of one region"
}

resource "google_secret_manager_regional_secret_iam_member" "here" {
  location  = google_secret_manager_regional_secret.here.location
  secret_id = google_secret_manager_regional_secret.here.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.reader.member
}

data "google_secret_manager_secret_version" "latest" {
  secret     = google_secret_manager_secret.plain.secret_id
  depends_on = [google_secret_manager_secret_version.second]
}

output "latest" {
  value     = data.google_secret_manager_secret_version.latest.secret_data
  sensitive = true
}
