terraform {
  required_providers {
    google = { source = "hashicorp/google" }
  }
}

variable "name" {
  type = string
}

variable "value" {
  type      = string
  sensitive = true
}

variable "team" {
  type = string
}

resource "google_secret_manager_secret" "this" {
  secret_id = var.name
  labels    = { team = var.team }

  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_version" "this" {
  secret      = google_secret_manager_secret.this.id
  secret_data = var.value
}

output "version" {
  value = google_secret_manager_secret_version.this.name
}
