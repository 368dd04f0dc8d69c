import { GoogleError } from "@aloft/google";
import { Failure } from "@aloft/kit/failure";
import { expect, test } from "vitest";
import { explain } from "./explain.ts";

const graph = { env: "prod", project: "shop-prod" };
const error = (
  init: Partial<ConstructorParameters<typeof GoogleError>[0]> & { readonly message: string },
): GoogleError =>
  new GoogleError({ status: 403, code: "PERMISSION_DENIED", call: "POST run.googleapis.com/v2/x", ...init });

test("explain: whoever may not run as the service's identity is told the grant", () => {
  const message =
    "Permission 'iam.serviceaccounts.actAs' denied on service account shop-api@shop-prod.iam.gserviceaccount.com (or it may not exist).";
  expect(explain(error({ message }), graph)).toEqual({
    what: "you lack the permission iam.serviceaccounts.actAs",
    why: message,
    next: "gcloud projects add-iam-policy-binding shop-prod --member=user:YOU --role=roles/iam.serviceAccountUser",
  });
});

test("explain: an API that is off is no lack of a permission; a quota project is told apart", () => {
  const off = error({
    message: "Redis API has not been used",
    reason: "SERVICE_DISABLED",
    metadata: { service: "redis.googleapis.com" },
  });
  expect(explain(off, graph)).toMatchObject({
    what: expect.stringContaining("redis.googleapis.com is switched off"),
    next: "gcloud services enable redis.googleapis.com --project=shop-prod",
  });
  const message =
    "Your application is authenticating by using local Application Default Credentials. The run.googleapis.com API requires a quota project, which is not set by default.";
  expect(explain(error({ message, reason: "SERVICE_DISABLED" }), graph)).toEqual({
    what: "your credentials name no project that pays for the calls",
    why: message,
    next: "gcloud auth application-default set-quota-project shop-prod",
  });
});

test("explain: an image of another project wants a grant to Cloud Run's own account there", () => {
  const agent = "service-12@serverless-robot-prod.iam.gserviceaccount.com";
  const message = `Google Cloud Run Service Agent ${agent} must have permission to read the image, europe-west1-docker.pkg.dev/images/shop/api@sha256:ab. Note that the image is from project [images], which is not the same as this project [shop-prod].`;
  expect(explain(error({ status: 400, code: "INVALID_ARGUMENT", message }), graph, "service/api").next).toBe(
    `gcloud artifacts repositories add-iam-policy-binding shop --location=europe-west1 --project=images --member=serviceAccount:${agent} --role=roles/artifactregistry.reader`,
  );
});

test("explain: what the project, its organisation or its network lacks has its own way out", () => {
  const refused = (message: string, reason?: string) =>
    explain(error({ status: 400, code: "FAILED_PRECONDITION", message, ...(reason ? { reason } : {}) }), graph);
  expect(refused("Billing must be enabled for activation", "UREQ_PROJECT_BILLING_NOT_FOUND").next).toBe(
    "gcloud billing projects link shop-prod --billing-account=ACCOUNT",
  );
  expect(refused("One or more users named in the policy do not belong to a permitted customer.").next).toMatch(
    /^public: true/,
  );
  expect(refused("The resource 'projects/shop-prod/global/networks/default' was not found")).toMatchObject({
    what: "there is no network default in shop-prod",
    next: expect.stringContaining("gcloud compute networks create default"),
  });
});

test("explain: a secret that the revision may not read names secret, identity and command", () => {
  const message =
    "Permission denied on secret: projects/1/secrets/API_KEY/versions/2 for Revision service account shop-api@shop-prod.iam.gserviceaccount.com.";
  expect(explain(error({ status: 200, code: "INTERNAL", message }), graph, "service/api")).toEqual({
    what: expect.stringMatching(
      /secret API_KEY: .* to serviceAccount:shop-api@shop-prod\.iam\.gserviceaccount\.com is missing/,
    ),
    why: message,
    next: "aloft up --env prod",
  });
});

test("explain: a program that does not start is told in its own words, with its logs; others keep theirs", () => {
  const message =
    "Revision 'shop-api-00001-abc' is not ready and cannot serve traffic. It exits.\n\nIt said last:\nboo";
  const starting = error({ status: 200, code: "UNKNOWN", message });
  expect(explain(starting, graph, "service/api")).toMatchObject({
    why: "It said last:\nboo",
    next: "aloft logs api --env prod",
  });
  expect(explain(error({ status: 409, code: "ABORTED", message: "changed" }), graph)).toMatchObject({
    next: "aloft up --env prod",
  });
  expect(explain(new Failure({ code: "ENTRY_INVALID", what: "it does not compile", next: "mend it" }), graph)).toEqual({
    what: "it does not compile",
    next: "mend it",
  });
  expect(explain(new Error("boom"), graph)).toEqual({ what: "boom" });
});
