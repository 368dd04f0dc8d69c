terraform {
  required_providers {
    google = { source = "hashicorp/google" }
  }

  backend "gcs" {
    bucket = "state-of-the-house"
    prefix = "terraform/app"
  }
}

provider "google" {
  project = "demo"
  region  = "us-central1"
  default_labels = {
    owner = "house"
  }
}

variable "values" {
  type = map(string)
  default = {
    api-key   = "one"
    hmac-salt = "two"
  }
}

variable "team" {
  default = "house"
}

module "secret" {
  source   = "./modules/secret"
  for_each = var.values

  name  = each.key
  value = each.value
  team  = var.team
}

output "versions" {
  value = { for name, made in module.secret : name => made.version }
}
