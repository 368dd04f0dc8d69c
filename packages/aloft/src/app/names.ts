import { shortHash } from "@aloft/kit/ids";
import { text } from "./check.ts";

/** The app's name leads every name in the cloud, and `<app>-local` is a project's id (30 characters at most). */
export const appName = text({
  pattern: /^[a-z]([-a-z0-9]{0,22}[a-z0-9])?$/,
  allowed: "1 to 24 lower-case letters, digits and hyphens, starting with a letter, not ending with a hyphen",
  example: "storymimi",
});

/** https://cloud.google.com/resource-manager/docs/creating-managing-projects: also `domain.com:project`. */
export const projectId = text({
  pattern: /^([a-z][-a-z0-9.]*:)?[a-z][-a-z0-9]{4,28}[a-z0-9]$/,
  allowed: "a project's id: 6 to 30 lower-case letters, digits and hyphens, starting with a letter",
  example: "storymimi-prod",
});

export const region = text({
  pattern: /^[a-z]+-[a-z]+[0-9]+$/,
  allowed: "a region of Google Cloud",
  example: "us-central1",
});

/** google.cloud.run.v2.CreateServiceRequest.service_id: fewer than 50 characters. */
export const serviceId = text({
  pattern: /^[a-z]([-a-z0-9]{0,47}[a-z0-9])?$/,
  allowed:
    "what Cloud Run takes as a name: at most 49 lower-case letters, digits and hyphens, starting with a letter, not ending with a hyphen",
  example: "storymimi-api",
});

/** google.cloud.redis.v1.CreateInstanceRequest.instance_id */
export const redisId = text({
  pattern: /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/,
  allowed:
    "what Memorystore takes as a name: at most 40 lower-case letters, digits and hyphens, starting with a letter",
  example: "storymimi-queue",
});

/** google.cloud.secretmanager.v1.CreateSecretRequest.secret_id */
export const secretId = text({
  pattern: /^[A-Za-z0-9_-]{1,255}$/,
  allowed: "what Secret Manager takes as a name: at most 255 letters, digits, hyphens and underscores",
  example: "GEMINI_API_KEY",
});

/** https://cloud.google.com/resource-manager/docs/labels-overview */
export const labelValue = text({
  pattern: /^[\p{Ll}\p{Lo}0-9_-]{0,63}$/u,
  allowed: "at most 63 lower-case letters, digits, hyphens and underscores",
  example: "payments",
});
export const labelKey = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}0-9_-]{0,62}$/u;

export const container = text({
  pattern: /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
  allowed: "at most 63 lower-case letters, digits and hyphens, starting with a letter",
  example: "proxy",
});

/**
 * The account id for a service's identity: its own name where it fits in the 6 to 30 characters of
 * google.iam.admin.v1.CreateServiceAccountRequest.account_id, else shortened with a hash, or lengthened.
 */
export function accountId(serviceName: string): string {
  if (serviceName.length > 30) return `${serviceName.slice(0, 23).replace(/-+$/, "")}-${shortHash(serviceName, 6)}`;
  return serviceName.length < 6 ? `${serviceName}-account` : serviceName;
}
