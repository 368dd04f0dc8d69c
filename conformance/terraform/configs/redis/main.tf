variable "policy" {
  default = "allkeys-lru"
}

resource "google_redis_instance" "cache" {
  name           = "cache"
  region         = "us-central1"
  tier           = "BASIC"
  memory_size_gb = 1
  redis_version  = "REDIS_7_0"
  display_name   = "Cache of the shop"
  auth_enabled   = true
  labels         = { use = "cache" }

  redis_configs = {
    "maxmemory-policy" = var.policy
  }

  maintenance_policy {
    weekly_maintenance_window {
      day = "TUESDAY"
      start_time {
        hours   = 3
        minutes = 30
      }
    }
  }
}

output "address" {
  value = "${google_redis_instance.cache.host}:${google_redis_instance.cache.port}"
}
