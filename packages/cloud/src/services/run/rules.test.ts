import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { createSchemas } from "../../wire/schemas.ts";
import { fillService } from "./defaults.ts";
import { messagesOf } from "./messages.ts";
import { checkService, checkServiceId } from "./rules.ts";
import { unimplementedFields } from "./unimplemented.ts";

const m = messagesOf(createSchemas());
const at = { request: "CreateServiceRequest", serviceId: "api" };

interface Parts {
  readonly service?: Record<string, JsonValue>;
  readonly template?: Record<string, JsonValue>;
  readonly container?: Record<string, JsonValue>;
}

function made({ service = {}, template = {}, container = {} }: Parts) {
  const containers: JsonValue = [{ image: "us-docker.pkg.dev/demo/repo/app:v1", ...container }];
  const message = fromJson(m.service, { template: { containers, ...template }, ...service });
  fillService(m, message, "123456789012");
  return message;
}

function refusals(parts: Parts): string[] {
  return checkService(made(parts), at).map(({ field, description }) => `${field}: ${description}`);
}

const limits = (cpu: string, memory: string): Parts["container"] => ({
  resources: { limits: { cpu, memory }, cpuIdle: true },
});

test("rules: what has its defaults is accepted", () => {
  expect(refusals({})).toEqual([]);
  expect(refusals({ container: limits("0.5", "512Mi") })).toEqual([]);
  expect(refusals({ container: limits("8", "32Gi") })).toEqual([]);
});

test("rules: service ids are those that Cloud Run takes", () => {
  expect(checkServiceId("a".repeat(49))).toEqual([]);
  for (const id of ["Api", "1api", "api-", "a_b", "a".repeat(50)]) expect(checkServiceId(id)).toHaveLength(1);
});

test.each<[string, Parts, string[]]>([
  [
    "reserved and repeated variables, all in one answer",
    {
      container: {
        env: ["PORT", "K_SERVICE", "A", "A"].map((name) => ({ name, value: "1" })),
      },
    },
    [
      "template.containers[0].env: The following reserved env names were provided: PORT, K_SERVICE. These values are automatically set by the system.",
      "template.containers[0].env: The following env names were provided more than once: A.",
    ],
  ],
  [
    "a fraction of a CPU with more than one request at once",
    { container: limits("500m", "512Mi"), template: { maxInstanceRequestConcurrency: 2 } },
    [
      "template.containers.resources.limits.cpu: Invalid value specified for cpu. Total cpu < 1 is not supported with concurrency > 1.",
    ],
  ],
  [
    "too little memory for the CPU",
    { container: limits("4", "1Gi") },
    [
      "template.containers.resources.limits.memory: Invalid value specified for memory. For 4.0 CPU, memory must be between 2Gi and 16Gi inclusive.",
    ],
  ],
  [
    "too much memory for the CPU",
    { container: limits("1", "8Gi") },
    [
      "template.containers.resources.limits.memory: Invalid value specified for memory. For 1.0 CPU, memory must be between 128Mi and 4Gi inclusive.",
    ],
  ],
  [
    "the second generation's least memory",
    { container: limits("1", "256Mi"), template: { executionEnvironment: "EXECUTION_ENVIRONMENT_GEN2" } },
    [
      "template.containers.resources.limits.memory: Invalid value specified for memory with gen2 execution environment. For 1.0 CPU, memory must be between 512Mi and 4Gi inclusive.",
    ],
  ],
  [
    "a timeout over an hour",
    { template: { timeout: "3601s" } },
    ["Violation in CreateServiceRequest.service.template.timeout: maximum allowed time is one hour."],
  ],
  [
    "an image that is no path",
    { container: { image: "https://example.com/App" } },
    [
      expect.stringMatching(
        /^Violation in CreateServiceRequest\.service\.template\.containers\[0\]\.image: Expected an image path like /,
      ),
    ],
  ],
  [
    "two ports",
    { container: { ports: [{ containerPort: 8080 }, { name: "http1", containerPort: 8081 }] } },
    ["Violation in CreateServiceRequest.service.template.containers[0].ports: ports should contain 0 or 1 port."],
  ],
  [
    "a probe that takes longer than its period, and than a start may take",
    { container: { startupProbe: { timeoutSeconds: 11, periodSeconds: 10, failureThreshold: 30 } } },
    [
      "Violation in CreateServiceRequest.service.template.containers[0].startup_probe.timeout_seconds: must be less than or equal to period_seconds.",
      "Violation in CreateServiceRequest.service.template.containers[0].startup_probe: failure_threshold * period_seconds must not exceed 240 seconds.",
    ],
  ],
  [
    "a revision that is not named after its service",
    { template: { revision: "web-v1" } },
    ["Violation in CreateServiceRequest.service.template.revision: Revision name must be prefixed by 'api-'."],
  ],
  [
    "traffic that is not all of it, and a tag used twice",
    {
      service: {
        traffic: [
          { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 50, tag: "next" },
          { revision: "api-00001-abc", percent: 40, tag: "next" },
        ],
      },
    },
    [
      "Violation in CreateServiceRequest.service.traffic[1].tag: Traffic tag 'next' is used more than once.",
      "Violation in CreateServiceRequest.service.traffic: Traffic targets sum to 90, want 100.",
    ],
  ],
  [
    "labels in Cloud Run's own namespaces",
    { service: { labels: { "run.googleapis.com/x": "y" } } },
    [
      "Violation in CreateServiceRequest.service.labels: labels in the namespace 'run.googleapis.com' are not supported in the Cloud Run API v2: 'run.googleapis.com/x'.",
    ],
  ],
])("rules: refuses %s", (_, parts, expected) => {
  expect(refusals(parts)).toEqual(expected);
});

test("rules: with several containers exactly one has a port, and each a name", () => {
  const containers: JsonValue = [
    { image: "us-docker.pkg.dev/demo/repo/app" },
    { name: "proxy", image: "us-docker.pkg.dev/demo/repo/proxy" },
  ];
  expect(refusals({ template: { containers } })).toEqual([
    "Violation in CreateServiceRequest.service.template.containers[0].name: should be set when there are multiple containers.",
    "template.containers: Revision template should contain exactly one container with an exposed port.",
  ]);
});

test("rules: what is not built is named", () => {
  const volumes: JsonValue = [
    { name: "data", emptyDir: {} },
    { name: "sql", cloudSqlInstance: { instances: ["p:r:i"] } },
  ];
  const parts = {
    service: { iapEnabled: true },
    template: { volumes, encryptionKey: "projects/p/locations/l/keyRings/r/cryptoKeys/k" },
  };
  expect(unimplementedFields(made(parts))).toEqual([
    "iap_enabled",
    "template.encryption_key",
    "template.volumes[1].cloud_sql_instance",
  ]);
});
