variable "rotation_period" {
  default = "7776000s"
}

resource "google_service_account" "user" {
  account_id = "key-user"
}

resource "google_kms_key_ring" "app" {
  name     = "app"
  location = "us-central1"
}

resource "google_kms_crypto_key" "data" {
  name            = "data"
  key_ring        = google_kms_key_ring.app.id
  rotation_period = var.rotation_period
  labels          = { use = "data" }

  lifecycle {
    prevent_destroy = false
  }
}

resource "google_kms_crypto_key" "signing" {
  name                       = "signing"
  key_ring                   = google_kms_key_ring.app.id
  purpose                    = "ASYMMETRIC_SIGN"
  destroy_scheduled_duration = "172800s"

  version_template {
    algorithm        = "EC_SIGN_P256_SHA256"
    protection_level = "SOFTWARE"
  }
}

resource "google_kms_crypto_key" "mac" {
  name     = "mac"
  key_ring = google_kms_key_ring.app.id
  purpose  = "MAC"

  version_template {
    algorithm = "HMAC_SHA256"
  }
}

resource "google_kms_crypto_key_version" "more" {
  crypto_key = google_kms_crypto_key.signing.id
}

resource "google_kms_crypto_key_iam_member" "user" {
  crypto_key_id = google_kms_crypto_key.data.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = google_service_account.user.member
}

resource "google_kms_key_ring_iam_member" "viewer" {
  key_ring_id = google_kms_key_ring.app.id
  role        = "roles/cloudkms.viewer"
  member      = google_service_account.user.member
}

resource "google_kms_crypto_key_iam_binding" "signers" {
  crypto_key_id = google_kms_crypto_key.signing.id
  role          = "roles/cloudkms.signerVerifier"
  members       = [google_service_account.user.member]
}

resource "google_kms_secret_ciphertext" "password" {
  crypto_key                    = google_kms_crypto_key.data.id
  plaintext                     = "correct horse"
  additional_authenticated_data = "of this test"
}

data "google_kms_secret" "password" {
  crypto_key                    = google_kms_crypto_key.data.id
  ciphertext                    = google_kms_secret_ciphertext.password.ciphertext
  additional_authenticated_data = base64encode("of this test")
}

data "google_kms_crypto_key_version" "signing" {
  crypto_key = google_kms_crypto_key.signing.id
  depends_on = [google_kms_crypto_key_version.more]
}

check "round_trip" {
  assert {
    condition     = data.google_kms_secret.password.plaintext == "correct horse"
    error_message = "What was encrypted does not come back."
  }
}

output "public_key" {
  value = data.google_kms_crypto_key_version.signing.public_key[0].pem
}
