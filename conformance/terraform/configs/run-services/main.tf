variable "image" {
  default = "us-central1-docker.pkg.dev/demo/apps/app:v1"
}

variable "log_level" {
  default = "info"
}

variable "most" {
  default = 3
}

resource "google_service_account" "api" {
  account_id = "api-runtime"
}

resource "google_secret_manager_secret" "key" {
  secret_id = "api-key"

  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_version" "key" {
  secret      = google_secret_manager_secret.key.id
  secret_data = "s3cret"
}

resource "google_secret_manager_secret_iam_member" "api" {
  secret_id = google_secret_manager_secret.key.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.api.member
}

resource "google_cloud_run_v2_service" "api" {
  name                = "api"
  location            = "us-central1"
  description         = "Answers /api"
  deletion_protection = false
  ingress             = "INGRESS_TRAFFIC_ALL"
  labels              = { tier = "front" }
  annotations         = { "example.com/owner" = "somebody" }

  scaling {
    min_instance_count = 1
  }

  template {
    service_account                  = google_service_account.api.email
    timeout                          = "60s"
    max_instance_request_concurrency = 40
    session_affinity                 = true
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    labels                           = { version = "one" }

    scaling {
      min_instance_count = 0
      max_instance_count = var.most
    }

    containers {
      name  = "app"
      image = var.image

      ports {
        name           = "http1"
        container_port = 8080
      }

      env {
        name  = "LOG_LEVEL"
        value = var.log_level
      }
      env {
        name = "API_KEY"
        value_source {
          secret_key_ref {
            secret  = google_secret_manager_secret.key.secret_id
            version = "latest"
          }
        }
      }

      resources {
        limits = {
          cpu    = "1"
          memory = "512Mi"
        }
        cpu_idle          = true
        startup_cpu_boost = true
      }

      startup_probe {
        initial_delay_seconds = 0
        timeout_seconds       = 3
        period_seconds        = 5
        failure_threshold     = 10
        http_get {
          path = "/"
          port = 8080
        }
      }

      liveness_probe {
        period_seconds = 30
        http_get {
          path = "/"
          http_headers {
            name  = "X-Probe"
            value = "live"
          }
        }
      }

      volume_mounts {
        name       = "keys"
        mount_path = "/keys"
      }
      volume_mounts {
        name       = "scratch"
        mount_path = "/scratch"
      }
    }

    volumes {
      name = "keys"
      secret {
        secret       = google_secret_manager_secret.key.secret_id
        default_mode = 292
        items {
          version = "1"
          path    = "key"
          mode    = 256
        }
      }
    }
    volumes {
      name = "scratch"
      empty_dir {
        medium     = "MEMORY"
        size_limit = "64Mi"
      }
    }
  }

  traffic {
    type    = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    percent = 100
    tag     = "latest"
  }

  depends_on = [google_secret_manager_secret_version.key, google_secret_manager_secret_iam_member.api]
}

resource "google_cloud_run_v2_service" "small" {
  name                = "small"
  location            = "europe-west1"
  deletion_protection = false

  template {
    containers {
      image = var.image
    }
  }
}

resource "google_cloud_run_v2_service_iam_member" "public" {
  name     = google_cloud_run_v2_service.api.name
  location = google_cloud_run_v2_service.api.location
  role     = "roles/run.invoker"
  member   = "allUsers"
}

resource "google_cloud_run_v2_service_iam_binding" "small" {
  name     = google_cloud_run_v2_service.small.name
  location = google_cloud_run_v2_service.small.location
  role     = "roles/run.invoker"
  members  = [google_service_account.api.member]
}

data "google_cloud_run_v2_service" "api" {
  name     = google_cloud_run_v2_service.api.name
  location = google_cloud_run_v2_service.api.location
}

output "uri" {
  value = data.google_cloud_run_v2_service.api.uri
}
