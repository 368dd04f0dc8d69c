variable "image" {
  default = "us-central1-docker.pkg.dev/demo/apps/app:v1"
}

variable "greeting" {
  default = "hello"
}

resource "google_service_account" "batch" {
  account_id = "batch-runtime"
}

resource "google_secret_manager_secret" "key" {
  secret_id = "batch-key"

  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_version" "key" {
  secret      = google_secret_manager_secret.key.id
  secret_data = "s3cret"
}

resource "google_secret_manager_secret_iam_member" "batch" {
  secret_id = google_secret_manager_secret.key.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.batch.member
}

resource "google_cloud_run_v2_job" "nightly" {
  name                = "nightly"
  location            = "us-central1"
  deletion_protection = false
  labels              = { use = "report" }

  template {
    parallelism = 2
    task_count  = 4
    labels      = { use = "report" }

    template {
      service_account = google_service_account.batch.email
      max_retries     = 0
      timeout         = "600s"

      containers {
        image   = var.image
        command = ["node"]
        args    = ["-e", "console.log(process.env.GREETING)"]

        env {
          name  = "GREETING"
          value = var.greeting
        }
        env {
          name = "KEY"
          value_source {
            secret_key_ref {
              secret  = google_secret_manager_secret.key.id
              version = "1"
            }
          }
        }

        resources {
          limits = {
            cpu    = "2"
            memory = "1Gi"
          }
        }
      }
    }
  }

  depends_on = [google_secret_manager_secret_version.key, google_secret_manager_secret_iam_member.batch]
}

resource "google_cloud_run_v2_job" "plain" {
  name                = "plain"
  location            = "us-central1"
  deletion_protection = false

  template {
    template {
      containers {
        image = var.image
      }
    }
  }
}

resource "google_cloud_run_v2_job_iam_member" "starter" {
  name     = google_cloud_run_v2_job.nightly.name
  location = google_cloud_run_v2_job.nightly.location
  role     = "roles/run.invoker"
  member   = google_service_account.batch.member
}

resource "google_cloud_run_service" "older" {
  name                       = "older"
  location                   = "us-central1"
  autogenerate_revision_name = true

  metadata {
    annotations = {
      "run.googleapis.com/ingress" = "all"
    }
    labels = { use = "older" }
  }

  template {
    metadata {
      annotations = {
        "autoscaling.knative.dev/maxScale"  = "4"
        "autoscaling.knative.dev/minScale"  = "0"
        "run.googleapis.com/cpu-throttling" = "true"
      }
    }
    spec {
      service_account_name  = google_service_account.batch.email
      container_concurrency = 20
      timeout_seconds       = 120

      containers {
        image = var.image

        env {
          name  = "GREETING"
          value = var.greeting
        }
        env {
          name = "KEY"
          value_from {
            secret_key_ref {
              name = google_secret_manager_secret.key.secret_id
              key  = "latest"
            }
          }
        }

        resources {
          limits = {
            cpu    = "1000m"
            memory = "256Mi"
          }
        }
      }
    }
  }

  traffic {
    percent         = 100
    latest_revision = true
  }

  depends_on = [google_secret_manager_secret_version.key, google_secret_manager_secret_iam_member.batch]
}

resource "google_cloud_run_service_iam_member" "public" {
  service  = google_cloud_run_service.older.name
  location = google_cloud_run_service.older.location
  role     = "roles/run.invoker"
  member   = "allUsers"
}

output "url" {
  value = google_cloud_run_service.older.status[0].url
}
