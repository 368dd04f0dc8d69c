variable "age" {
  default = 30
}

variable "text" {
  default = "hello"
}

data "google_project" "this" {}

resource "google_service_account" "writer" {
  account_id = "bucket-writer"
}

resource "google_storage_bucket" "media" {
  name                        = "${data.google_project.this.project_id}-media"
  location                    = "US-CENTRAL1"
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true
  labels                      = { use = "media", age = "d${var.age}" }

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  lifecycle_rule {
    condition {
      age                = var.age
      with_state         = "ARCHIVED"
      num_newer_versions = 3
    }
    action {
      type = "Delete"
    }
  }
  lifecycle_rule {
    condition {
      age                   = 90
      matches_storage_class = ["STANDARD"]
      matches_prefix        = ["raw/"]
      matches_suffix        = [".wav"]
    }
    action {
      type          = "SetStorageClass"
      storage_class = "COLDLINE"
    }
  }
  lifecycle_rule {
    condition {
      age = 1
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  cors {
    origin          = ["https://app.example.com", "http://localhost:3000"]
    method          = ["GET", "HEAD", "PUT"]
    response_header = ["Content-Type", "x-goog-resumable"]
    max_age_seconds = 3600
  }
}

resource "google_storage_bucket" "site" {
  name     = "${data.google_project.this.project_id}-site"
  location = "EU"
  project  = data.google_project.this.project_id

  uniform_bucket_level_access = true
  force_destroy               = true

  website {
    main_page_suffix = "index.html"
    not_found_page   = "404.html"
  }

  logging {
    log_bucket        = google_storage_bucket.media.name
    log_object_prefix = "access"
  }
}

resource "google_storage_bucket" "kept" {
  name          = "${data.google_project.this.project_id}-kept"
  location      = "europe-west1"
  storage_class = "NEARLINE"
  force_destroy = true

  retention_policy {
    retention_period = 1
  }
  autoclass {
    enabled = false
  }
}

resource "google_storage_bucket_object" "page" {
  bucket        = google_storage_bucket.site.name
  name          = "index.html"
  content       = "<!doctype html><title>${var.text}</title>"
  content_type  = "text/html; charset=utf-8"
  cache_control = "public, max-age=60"
  metadata      = { made = "here" }
}

resource "google_storage_bucket_object" "file" {
  bucket = google_storage_bucket.media.name
  name   = "configs/main copy.tf"
  source = "${path.module}/main.tf"
}

resource "google_storage_bucket_iam_member" "writer" {
  bucket = google_storage_bucket.media.name
  role   = "roles/storage.objectAdmin"
  member = google_service_account.writer.member
}

resource "google_storage_bucket_iam_member" "below" {
  bucket = google_storage_bucket.media.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.writer.member

  condition {
    title      = "below_public"
    expression = "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.media.name}/objects/public/\")"
  }
}

resource "google_storage_bucket_iam_binding" "public" {
  bucket  = google_storage_bucket.site.name
  role    = "roles/storage.objectViewer"
  members = ["allUsers"]
}

resource "google_storage_notification" "made" {
  bucket         = google_storage_bucket.media.name
  topic          = "projects/${data.google_project.this.project_id}/topics/uploads"
  payload_format = "JSON_API_V1"
  event_types    = ["OBJECT_FINALIZE", "OBJECT_DELETE"]

  custom_attributes = {
    from = "media"
  }
}

data "google_storage_bucket_object_content" "page" {
  bucket = google_storage_bucket.site.name
  name   = google_storage_bucket_object.page.output_name
}

output "page" {
  value = data.google_storage_bucket_object_content.page.content
}

output "url" {
  value = google_storage_bucket.media.url
}
