variable "least" {
  default = "ERROR"
}

variable "days" {
  default = 14
}

data "google_project" "this" {}

resource "google_logging_metric" "errors" {
  name        = "shop/errors"
  description = "Lines of ${var.least} and above"
  filter      = "resource.type=cloud_run_revision AND severity>=${var.least}"

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "INT64"
    unit         = "1"
    display_name = "Errors"

    labels {
      key         = "service"
      value_type  = "STRING"
      description = "Whose"
    }
  }

  label_extractors = {
    service = "EXTRACT(resource.labels.service_name)"
  }
}

resource "google_logging_metric" "latency" {
  name            = "latency"
  filter          = "jsonPayload.latency_ms:*"
  value_extractor = "EXTRACT(jsonPayload.latency_ms)"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "ms"
  }

  bucket_options {
    exponential_buckets {
      num_finite_buckets = 64
      growth_factor      = 2
      scale              = 0.01
    }
  }
}

resource "google_logging_metric" "plain" {
  name     = "plain"
  filter   = "severity=ALERT"
  disabled = true
}

resource "google_storage_bucket" "logs" {
  name                        = "${data.google_project.this.project_id}-logs"
  location                    = "US"
  uniform_bucket_level_access = true
  force_destroy               = true
}

resource "google_logging_project_sink" "bucket" {
  name                   = "to-bucket"
  destination            = "storage.googleapis.com/${google_storage_bucket.logs.name}"
  filter                 = "severity>=${var.least}"
  description            = "What went wrong"
  unique_writer_identity = true

  exclusions {
    name        = "health"
    description = "Nobody reads them"
    filter      = "httpRequest.requestUrl:\"/health\""
  }
}

resource "google_storage_bucket_iam_member" "sink" {
  bucket = google_storage_bucket.logs.name
  role   = "roles/storage.objectCreator"
  member = google_logging_project_sink.bucket.writer_identity
}

resource "google_logging_project_bucket_config" "kept" {
  project        = data.google_project.this.project_id
  location       = "global"
  bucket_id      = "kept"
  description    = "Kept for ${var.days} days"
  retention_days = var.days
}

resource "google_logging_project_sink" "kept" {
  name        = "to-kept"
  destination = "logging.googleapis.com/${google_logging_project_bucket_config.kept.id}"
  filter      = "logName:\"cloudaudit.googleapis.com\""
}

resource "google_logging_log_view" "errors" {
  name        = "errors"
  bucket      = google_logging_project_bucket_config.kept.id
  description = "Audit alone"
  filter      = "LOG_ID(\"cloudaudit.googleapis.com/activity\")"
}
