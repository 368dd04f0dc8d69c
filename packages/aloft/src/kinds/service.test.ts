import { expect, test } from "vitest";
import type { ContainerSpec, ServiceSpec } from "../app/specs.ts";
import type { Want } from "./kind.ts";
import type { RunService } from "./lib/run-service.ts";
import { overlaid, wantedService } from "./lib/service-body.ts";
import { service } from "./service.ts";

const place = { app: "shop", env: "local", project: "p", region: "us-central1" };
const digest = (hex: string): string => `us-central1-docker.pkg.dev/p/shop/api@sha256:${hex.repeat(64)}`;
const container: ContainerSpec = {
  image: digest("a"),
  env: { DEBUG: "false" },
  secrets: { KEY: { secret: "KEY", version: "3" } },
  cpu: 1,
  memoryMiB: 512,
  cpuIdle: true,
  startupCpuBoost: false,
  port: { number: 8080, name: "http1" },
};
const spec: ServiceSpec = {
  worker: false,
  labels: {},
  annotations: {},
  public: true,
  ingress: "INGRESS_TRAFFIC_ALL",
  serviceAccount: "shop-api@p.iam.gserviceaccount.com",
  min: 0,
  max: 100,
  concurrency: 80,
  timeoutS: 300,
  sessionAffinity: false,
  vpc: { network: "default", subnetwork: "default", egress: "PRIVATE_RANGES_ONLY" },
  containers: [container],
};
const want = (changed: Partial<ServiceSpec> = {}, inside: Partial<ContainerSpec> = {}): Want<ServiceSpec> => ({
  address: "service/api",
  id: "shop-api",
  spec: { ...spec, containers: [{ ...container, ...inside }], ...changed },
  place,
});

const name = "projects/p/locations/us-central1/services/shop-api";
const revision = (n: number): string => `${name}/revisions/shop-api-0000${n}-abc`;
const latest = { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 100 };

/** The service as Google answers it: its defaults filled in, its own spellings, zeroes left out. */
const live: RunService = {
  name,
  labels: { "managed-by": "aloft", "aloft-app": "shop", "aloft-env": "local", team: "x" },
  ingress: "INGRESS_TRAFFIC_ALL",
  launchStage: "GA",
  invokerIamDisabled: true,
  template: {
    scaling: { maxInstanceCount: 100 },
    timeout: "300s",
    serviceAccount: "shop-api@p.iam.gserviceaccount.com",
    maxInstanceRequestConcurrency: 80,
    vpcAccess: {
      egress: "PRIVATE_RANGES_ONLY",
      networkInterfaces: [{ network: "projects/p/global/networks/default", subnetwork: "default" }],
    },
    containers: [
      {
        name: "api-1",
        image: digest("a"),
        env: [
          { name: "KEY", valueSource: { secretKeyRef: { secret: "projects/1/secrets/KEY", version: "3" } } },
          { name: "DEBUG", value: "false" },
        ],
        resources: { limits: { cpu: "1000m", memory: "512Mi" }, cpuIdle: true },
        ports: [{ name: "http1", containerPort: 8080 }],
        startupProbe: { timeoutSeconds: 240, periodSeconds: 240, failureThreshold: 1, tcpSocket: { port: 8080 } },
      },
    ],
  },
  traffic: [latest],
  terminalCondition: { type: "Ready", state: "CONDITION_SUCCEEDED" },
  latestReadyRevision: revision(2),
  latestCreatedRevision: revision(2),
  trafficStatuses: [latest],
  uri: "https://shop-api-1.us-central1.run.app",
  etag: '"1"',
};
const whys = (wanted: Want<ServiceSpec>, have: RunService = live): string[] =>
  service.diff(wanted, have).map((c) => c.why);

test("service: what Google fills in and spells in its own way is no difference", () => {
  expect(service.diff(want(), live)).toEqual([]);
});

test("service: a secret's new version is told by numbers and makes a new revision", () => {
  expect(service.diff(want({}, { secrets: { KEY: { secret: "KEY", version: "4" } } }), live)).toEqual([
    { op: "update", field: "template", why: "KEY 3 → 4", effect: "new revision" },
  ]);
  const unknown = { $ref: "derived-secret/x", output: "version" } as const;
  expect(whys(want({}, { secrets: { KEY: { secret: "KEY", version: unknown } } }))).toEqual(["KEY 3 → new"]);
});

test("service: plain variables are told by name, never by value; env is authoritative", () => {
  expect(whys(want({}, { env: { OTHER: "s3cret-ish" } }))).toEqual(["env OTHER added", "DEBUG removed"]);
  expect(whys(want({}, { env: { DEBUG: "true" } }))).toEqual(["env DEBUG changed"]);
});

test("service: every declared setting is compared", () => {
  expect(whys(want({ min: 1, concurrency: 10, timeoutS: 60, public: false }))).toEqual([
    "public true → false",
    "min 0 → 1",
    "timeout 300s → 60s",
    "concurrency 80 → 10",
  ]);
  expect(whys(want({}, { memoryMiB: 1024, cpu: 2, cpuIdle: false, image: digest("b") }))).toEqual([
    `image api@sha256:${"a".repeat(24)} → api@sha256:${"b".repeat(24)}`,
    "cpu 1000m → 2",
    "memory 512Mi → 1Gi",
    "cpuIdle true → false",
  ]);
  const { vpc: _vpc, ...without } = spec;
  expect(service.diff({ ...want(), spec: without }, live)).toMatchObject([
    { why: "vpc default/default, private ranges → none" },
  ]);
  const startup = { path: "/health", port: 8080, initialDelayS: 0, periodS: 1, timeoutS: 1, failures: 120 };
  expect(whys(want({}, { startup }))[0]).toMatch(
    /^startup probe TCP 8080 every 240s .* → GET \/health on 8080 every 1s/,
  );
});

test("service: equal but not ready, not serving, or pinned to an old revision is a repair", () => {
  const message =
    "Revision 'shop-api-00003-abc' is not ready and cannot serve traffic. It exits.\n\nIt said last:\nboo";
  const broken: RunService = {
    ...live,
    latestCreatedRevision: revision(3),
    terminalCondition: { type: "Ready", state: "CONDITION_FAILED", message },
  };
  expect(service.diff(want(), broken)).toEqual([
    {
      op: "repair",
      field: "template",
      why: "revision shop-api-00003-abc FAILED: It exits. It said last: boo; serving shop-api-00002-abc",
    },
  ]);
  const boilerplate =
    "The user-provided container failed to start and listen on the port defined provided by the PORT=8080 environment variable within the allocated timeout. This can happen when the container port is misconfigured or if the timeout is too short. The health check timeout can be extended. Logs for this revision might contain more information.\n\nContainer called exit(2).\nIt said last:\nno DATABASE_URL";
  const exits: RunService = { ...broken, terminalCondition: { ...broken.terminalCondition, message: boilerplate } };
  expect(whys(want(), exits)[0]).toMatch(
    /allocated timeout\. Container called exit\(2\)\. It said last: no DATABASE_URL/,
  );
  const old = { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", revision: "shop-api-00001-abc", percent: 100 };
  const pinned: RunService = { ...live, traffic: [old], trafficStatuses: [old] };
  expect(service.diff(want(), pinned)).toEqual([
    { op: "repair", field: "traffic", why: "traffic shop-api-00001-abc 100% → latest 100%" },
  ]);
  const pending: RunService = {
    ...live,
    reconciling: true,
    terminalCondition: { type: "Ready", state: "CONDITION_PENDING" },
  };
  expect(service.diff(want(), pending)).toMatchObject([{ op: "repair", why: "Ready: pending" }]);
});

test("service: labels and annotations are merged and env is not, unless merge says otherwise; what stays is named", () => {
  const variable = { name: "THEIRS", value: "x" };
  const [first] = live.template?.containers ?? [];
  const system = { "run.googleapis.com/operation-id": "o", "goog-terraform-provisioned": "true" };
  const have: RunService = {
    ...live,
    labels: { ...live.labels, "goog-terraform-provisioned": "true" },
    annotations: { note: "theirs", ...system },
    template: { ...live.template, containers: [{ ...first, env: [...(first?.env ?? []), variable] }] },
  };
  const sent = (merge: boolean | undefined) => {
    const { labels, annotations, template } = overlaid(wantedService(spec, place), have, { place, merge });
    const env = template?.containers?.[0]?.env?.map(({ name }) => name).sort();
    return {
      team: labels?.team,
      note: annotations?.note,
      env,
      system: annotations?.["run.googleapis.com/operation-id"],
    };
  };
  expect(service.keeps?.(want(), have)).toEqual(["labels.team", "annotations.note"]);
  expect(whys(want(), have)).toEqual(["THEIRS removed"]);
  expect(sent(undefined)).toEqual({ team: "x", note: "theirs", env: ["DEBUG", "KEY"], system: "o" });
  expect(service.keeps?.(want({ merge: true }), have)).toEqual(["labels.team", "annotations.note", "env THEIRS"]);
  expect(service.diff(want({ merge: true }), have)).toEqual([]);
  expect(sent(true)).toEqual({ team: "x", note: "theirs", env: ["DEBUG", "KEY", "THEIRS"], system: "o" });
  expect(service.keeps?.(want({ merge: false }), have)).toEqual([]);
  expect(whys(want({ merge: false }), have)).toEqual([
    "labels.team removed",
    "annotations.note removed",
    "THEIRS removed",
  ]);
  expect(sent(false)).toEqual({ team: undefined, note: undefined, env: ["DEBUG", "KEY"], system: "o" });
});

test("service: what is sent over a live one keeps what the file does not know", () => {
  const have: RunService = {
    ...live,
    annotations: { note: "theirs" },
    traffic: [latest, { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", revision: "r1", tag: "old", percent: 0 }],
    template: { ...live.template, revision: "shop-api-fixed", executionEnvironment: "EXECUTION_ENVIRONMENT_GEN2" },
  };
  const body = overlaid(wantedService(want({}, { env: {}, secrets: {} }).spec, place), have, {
    place,
    merge: undefined,
  });
  expect(body.labels).toMatchObject({ team: "x", "aloft-app": "shop" });
  expect(body.annotations).toEqual({ note: "theirs" });
  expect(body.template?.executionEnvironment).toBe("EXECUTION_ENVIRONMENT_GEN2");
  expect(body.template?.revision).toBeUndefined();
  expect(body.template?.containers?.[0]).toMatchObject({ name: "api-1", env: [] });
  expect(body.traffic).toEqual([latest, expect.objectContaining({ tag: "old", percent: 0 })]);
  expect(Object.keys(body)).not.toContain("uri");
  expect(body.etag).toBe('"1"');
});
