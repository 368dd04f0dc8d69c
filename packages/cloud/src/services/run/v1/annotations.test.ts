import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createSchemas } from "../../../wire/schemas.ts";
import { messagesOf } from "../messages.ts";
import type { Answer } from "../testing/client.ts";
import { deployed, knative, parent, startKnative } from "../testing/knative.ts";
import { tidy } from "./json.ts";
import { serviceIn } from "./service-in.ts";
import { serviceOut } from "./service-out.ts";

test("run v1: every annotation that v2 has a field for goes there and comes back", async () => {
  await using it = await startKnative();
  const body = deployed("good");
  const service = {
    "run.googleapis.com/ingress": "internal-and-cloud-load-balancing",
    "run.googleapis.com/description": "What it is for",
    "run.googleapis.com/launch-stage": "BETA",
    "run.googleapis.com/invoker-iam-disabled": "true",
    "run.googleapis.com/custom-audiences": '["https://api.example.com"]',
    "run.googleapis.com/minScale": "1",
    "run.googleapis.com/binary-authorization": "default",
    "team.example.com/cost": "12",
  };
  const template = {
    "autoscaling.knative.dev/minScale": "2",
    "autoscaling.knative.dev/maxScale": "7",
    "run.googleapis.com/cpu-throttling": "false",
    "run.googleapis.com/execution-environment": "gen2",
    "run.googleapis.com/sessionAffinity": "true",
    "run.googleapis.com/vpc-access-egress": "private-ranges-only",
    "run.googleapis.com/network-interfaces": '[{"network":"default","subnetwork":"default","tags":["web"]}]',
    "run.googleapis.com/secrets": "KEY:projects/other/secrets/KEY",
  };
  const meta = { metadata: { name: "api", namespace: "demo", annotations: service, labels: { env: "stg" } } };
  const spec = structuredClone(body.spec?.template?.spec ?? {});
  for (const container of spec.containers ?? []) {
    container.env = [{ name: "KEY", valueFrom: { secretKeyRef: { name: "KEY", key: "3" } } }];
  }
  const sent = { ...body, ...meta, spec: { template: { metadata: { annotations: template }, spec } } };
  await it.waited((await it.v1("POST", `${knative}/services`, sent)).body);
  expect((await it.call("GET", `${parent}/services/api`)).body).toMatchObject({
    ingress: "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
    description: "What it is for",
    launchStage: "BETA",
    invokerIamDisabled: true,
    customAudiences: ["https://api.example.com"],
    scaling: { minInstanceCount: 1 },
    binaryAuthorization: { useDefault: true },
    annotations: { "team.example.com/cost": "12" },
    labels: { env: "stg" },
    template: {
      scaling: { minInstanceCount: 2, maxInstanceCount: 7 },
      executionEnvironment: "EXECUTION_ENVIRONMENT_GEN2",
      sessionAffinity: true,
      vpcAccess: { egress: "PRIVATE_RANGES_ONLY", networkInterfaces: [{ network: "default", tags: ["web"] }] },
      containers: [
        {
          env: [{ name: "KEY", valueSource: { secretKeyRef: { secret: "projects/other/secrets/KEY", version: "3" } } }],
        },
      ],
    },
  });
  const answer = (await it.v1("GET", `${knative}/services/api`)).body;
  expect(answer.metadata.annotations).toMatchObject(service);
  expect(answer.spec.template.metadata.annotations).toMatchObject(template);
  expect(answer.spec.template.spec.containers[0].env).toEqual(spec.containers?.[0]?.env);

  for (const [annotations, what] of [
    [{ "run.googleapis.com/overflow-scaling": "true" }, "run.googleapis.com/overflow-scaling"],
    [{ "run.googleapis.com/cloudsql-instances": "demo:us-central1:db" }, "cloud_sql_instance"],
  ] as const) {
    const other = { ...sent, metadata: { name: "other" }, spec: { template: { metadata: { annotations }, spec } } };
    const refused = await it.v1("POST", `${knative}/services`, other);
    expect(refused).toMatchObject({ status: 501, body: { error: { message: expect.stringContaining(what) } } });
  }
});

/** Answers of the real Cloud Run v1, kept outside of the repository. */
const folder = join(import.meta.dirname, "../../../../../../../shared/answers");
const recorded = ["gcp-cloud-run-service.json", "gcp-cloud-run-service-filter-iam.json"].filter((name) =>
  existsSync(join(folder, name)),
);

test.skipIf(recorded.length === 0)("run v1: a recorded service goes to v2 and comes back as it was", () => {
  const schemas = createSchemas();
  schemas.load("run-v2");
  const m = messagesOf(schemas);
  for (const file of recorded) {
    const exchanges = JSON.parse(readFileSync(join(folder, file), "utf8")) as { readonly response: Answer }[];
    const services = exchanges.flatMap(({ response }) => (response.kind === "ServiceList" ? response.items : []));
    expect(services.length).toBeGreaterThan(0);
    for (const service of services) {
      const { name } = service.metadata;
      const asked = serviceIn(m, service, `projects/p/locations/us-central1/services/${name}`, name);
      const shown = tidy(serviceOut(asked, { projectNumber: "1" })) as Answer;
      const template = structuredClone(service.spec.template);
      for (const container of template.spec.containers) container.name ??= `${name}-1`;
      expect(shown.spec.traffic).toEqual(service.spec.traffic);
      expect(shown.spec.template).toEqual(template);
    }
  }
});
