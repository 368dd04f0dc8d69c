variable "threshold" {
  default = 5
}

variable "goal" {
  default = 0.99
}

variable "period" {
  default = "300s"
}

resource "google_monitoring_notification_channel" "mail" {
  display_name = "On call"
  type         = "email"
  labels       = { email_address = "oncall@example.com" }
  user_labels  = { team = "platform" }
}

resource "google_monitoring_notification_channel" "hook" {
  display_name = "Web hook"
  type         = "webhook_tokenauth"
  labels       = { url = "https://hooks.example.com/alerts?token=t0ken" }
}

resource "google_monitoring_alert_policy" "errors" {
  display_name = "Errors of the API"
  combiner     = "OR"
  severity     = "CRITICAL"
  notification_channels = [
    google_monitoring_notification_channel.mail.name,
    google_monitoring_notification_channel.hook.name,
  ]
  user_labels = { team = "platform" }

  conditions {
    display_name = "5xx above ${var.threshold} a second"
    condition_threshold {
      filter          = "resource.type = \"cloud_run_revision\" AND metric.type = \"run.googleapis.com/request_count\" AND metric.labels.response_code_class = \"5xx\""
      comparison      = "COMPARISON_GT"
      threshold_value = var.threshold
      duration        = "60s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.label.service_name"]
      }
      trigger {
        count = 1
      }
    }
  }

  documentation {
    subject   = "The API fails"
    content   = "See the run book."
    mime_type = "text/markdown"
    links {
      display_name = "Run book"
      url          = "https://example.com/runbook"
    }
  }

  alert_strategy {
    auto_close = "1800s"
  }
}

resource "google_monitoring_alert_policy" "silence" {
  display_name = "No requests"
  combiner     = "AND"
  enabled      = false

  conditions {
    display_name = "nothing for an hour"
    condition_absent {
      filter   = "resource.type = \"cloud_run_revision\" AND metric.type = \"run.googleapis.com/request_count\""
      duration = "3600s"

      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_RATE"
      }
    }
  }
}

resource "google_monitoring_alert_policy" "log" {
  display_name          = "A line of a log"
  combiner              = "OR"
  notification_channels = [google_monitoring_notification_channel.mail.id]

  conditions {
    display_name = "panic"
    condition_matched_log {
      filter           = "textPayload:\"panic\""
      label_extractors = { where = "EXTRACT(resource.labels.service_name)" }
    }
  }

  alert_strategy {
    notification_rate_limit {
      period = "300s"
    }
    auto_close = "3600s"
  }
}

resource "google_monitoring_custom_service" "api" {
  service_id   = "api"
  display_name = "API"
  user_labels  = { team = "platform" }
}

resource "google_monitoring_slo" "good" {
  service             = google_monitoring_custom_service.api.service_id
  slo_id              = "good-requests"
  display_name        = "Requests that end well"
  goal                = var.goal
  rolling_period_days = 28

  request_based_sli {
    good_total_ratio {
      good_service_filter  = "metric.type=\"run.googleapis.com/request_count\" resource.type=\"cloud_run_revision\" metric.label.response_code_class=\"2xx\""
      total_service_filter = "metric.type=\"run.googleapis.com/request_count\" resource.type=\"cloud_run_revision\""
    }
  }
}

resource "google_monitoring_slo" "fast" {
  service         = google_monitoring_custom_service.api.service_id
  goal            = 0.9
  calendar_period = "MONTH"
  display_name    = "Requests that are fast"

  request_based_sli {
    distribution_cut {
      distribution_filter = "metric.type=\"run.googleapis.com/request_latencies\" resource.type=\"cloud_run_revision\""
      range {
        max = 500
      }
    }
  }
}

resource "google_monitoring_slo" "windows" {
  service             = google_monitoring_custom_service.api.service_id
  goal                = 0.95
  rolling_period_days = 7

  windows_based_sli {
    window_period = "300s"
    metric_mean_in_range {
      time_series = "metric.type=\"run.googleapis.com/container/cpu/utilizations\" resource.type=\"cloud_run_revision\""
      range {
        max = 0.8
      }
    }
  }
}

resource "google_monitoring_uptime_check_config" "api" {
  display_name     = "API answers"
  timeout          = "10s"
  period           = var.period
  selected_regions = ["USA", "EUROPE", "ASIA_PACIFIC"]
  user_labels      = { team = "platform" }

  http_check {
    path           = "/health"
    port           = 443
    use_ssl        = true
    validate_ssl   = true
    request_method = "GET"
    headers        = { "X-Check" = "uptime" }

    accepted_response_status_codes {
      status_class = "STATUS_CLASS_2XX"
    }
  }

  monitored_resource {
    type   = "uptime_url"
    labels = { host = "api.example.com" }
  }

  content_matchers {
    content = "ok"
    matcher = "CONTAINS_STRING"
  }
}

resource "google_monitoring_uptime_check_config" "port" {
  display_name = "Port is open"
  timeout      = "5s"

  tcp_check {
    port = 6379
  }

  monitored_resource {
    type   = "uptime_url"
    labels = { host = "cache.example.com" }
  }
}

resource "google_monitoring_group" "test" {
  display_name = "Of the test"
  filter       = "resource.metadata.region=\"us-central1\""
}

resource "google_monitoring_metric_descriptor" "orders" {
  type         = "custom.googleapis.com/shop/orders"
  display_name = "Orders"
  description  = "Orders that came in"
  metric_kind  = "GAUGE"
  value_type   = "DOUBLE"
  unit         = "{order}"

  labels {
    key         = "shop"
    value_type  = "STRING"
    description = "Where"
  }
}

resource "google_monitoring_dashboard" "api" {
  dashboard_json = jsonencode({
    displayName = "API ${var.threshold}"
    labels      = { team = "" }
    mosaicLayout = {
      columns = 12
      tiles = [
        {
          width  = 6
          height = 4
          widget = {
            title = "Requests"
            xyChart = {
              dataSets = [{
                plotType   = "LINE"
                targetAxis = "Y1"
                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter = "metric.type=\"run.googleapis.com/request_count\" resource.type=\"cloud_run_revision\""
                    aggregation = {
                      alignmentPeriod    = "60s"
                      perSeriesAligner   = "ALIGN_RATE"
                      crossSeriesReducer = "REDUCE_SUM"
                    }
                  }
                }
              }]
              timeshiftDuration = "0s"
              yAxis             = { label = "y1Axis", scale = "LINEAR" }
            }
          }
        },
        {
          xPos   = 6
          width  = 6
          height = 4
          widget = { title = "Read me", text = { content = "**Hello**", format = "MARKDOWN" } }
        },
      ]
    }
  })
}
