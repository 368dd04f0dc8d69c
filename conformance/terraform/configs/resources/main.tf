variable "note" {
  default = "first"
}

data "google_project" "this" {}

resource "google_folder" "team" {
  display_name        = "Team ${var.note}"
  parent              = "organizations/222222222222"
  deletion_protection = false
}

resource "google_project" "made" {
  project_id      = "made-by-tf"
  name            = "Made ${var.note}"
  folder_id       = google_folder.team.name
  labels          = { note = var.note }
  deletion_policy = "DELETE"
}

resource "google_project_service" "run" {
  project = google_project.made.project_id
  service = "run.googleapis.com"
}

resource "google_project_service" "iam" {
  project = google_project.made.project_id
  service = "iam.googleapis.com"
}

resource "google_project_service" "secrets" {
  project            = google_project.made.project_id
  service            = "secretmanager.googleapis.com"
  disable_on_destroy = true
}

resource "google_project_iam_member" "viewer" {
  project = google_project.made.project_id
  role    = "roles/viewer"
  member  = "user:a@example.com"
}

resource "google_project_iam_custom_role" "own" {
  project     = google_project.made.project_id
  role_id     = "own"
  title       = "Own ${var.note}"
  permissions = ["run.services.get"]
  depends_on  = [google_project_service.iam]
}

resource "google_folder_iam_member" "browser" {
  folder = google_folder.team.name
  role   = "roles/browser"
  member = "user:b@example.com"
}

resource "google_tags_tag_key" "env" {
  parent      = "projects/${data.google_project.this.project_id}"
  short_name  = "env"
  description = "Where, ${var.note}"
}

resource "google_tags_tag_value" "prod" {
  parent      = google_tags_tag_key.env.id
  short_name  = "prod"
  description = var.note
}

resource "google_tags_tag_binding" "project" {
  parent    = "//cloudresourcemanager.googleapis.com/projects/${data.google_project.this.number}"
  tag_value = google_tags_tag_value.prod.id
}

resource "google_storage_bucket" "tagged" {
  name                        = "tagged-by-tf"
  location                    = "us-east4"
  uniform_bucket_level_access = true
}

resource "google_tags_location_tag_binding" "bucket" {
  parent    = "//storage.googleapis.com/projects/_/buckets/${google_storage_bucket.tagged.name}"
  tag_value = google_tags_tag_value.prod.id
  location  = "us-east4"
}

resource "google_tags_tag_key_iam_member" "user" {
  tag_key = google_tags_tag_key.env.id
  role    = "roles/resourcemanager.tagUser"
  member  = "user:c@example.com"
}

data "google_project" "made" {
  project_id = google_project.made.project_id
  depends_on = [google_project_service.run]
}

data "google_projects" "all" {
  filter     = "labels.note:${var.note}"
  depends_on = [google_project.made]
}

output "number" {
  value = data.google_project.made.number
}
