import { expect, test } from "vitest";
import type { Answer } from "../testing/client.ts";
import { batch, deployed, knative, parent, startKnative } from "../testing/knative.ts";

test("run v1: what gcloud deploys is a service of v2 with the same meaning, and is told as Knative's", async () => {
  await using it = await startKnative();
  expect(await it.v1("GET", `${knative}/services/api`)).toMatchObject({
    status: 404,
    body: {
      error: {
        status: "NOT_FOUND",
        message: "Resource 'api' of kind 'SERVICE' in region 'us-central1' in project 'demo' does not exist.",
      },
    },
  });
  const made = await it.v1("POST", `${knative}/services`, deployed("good"));
  expect(made.status).toBe(200);
  const operation = await it.waited(made.body);
  expect(operation).toMatchObject({
    done: true,
    response: { "@type": "type.googleapis.com/google.cloud.run.v1.Service" },
  });
  const service = (await it.v1("GET", `${knative}/services/api`)).body;
  expect(operation.response.spec).toEqual(service.spec);
  const id = service.status.latestReadyRevisionName;
  expect(service).toMatchObject({
    metadata: {
      name: "api",
      namespace: "123456789012",
      selfLink: "/apis/serving.knative.dev/v1/namespaces/123456789012/services/api",
      generation: 1,
      resourceVersion: expect.stringMatching(/^AA[A-Za-z0-9+/]{9}$/),
      labels: { "cloud.googleapis.com/location": "us-central1" },
      annotations: {
        "serving.knative.dev/creator": "you@local.aloft",
        "serving.knative.dev/lastModifier": "you@local.aloft",
        "run.googleapis.com/client-name": "gcloud",
        "run.googleapis.com/ingress": "all",
        "run.googleapis.com/ingress-status": "all",
      },
    },
    spec: {
      template: {
        metadata: { annotations: { "run.googleapis.com/startup-cpu-boost": "true" } },
        spec: {
          containers: [{ name: "api-1", ports: [{ name: "http1", containerPort: 8080 }] }],
          serviceAccountName: "123456789012-compute@developer.gserviceaccount.com",
        },
      },
      traffic: [{ latestRevision: true, percent: 100 }],
    },
    status: {
      observedGeneration: 1,
      conditions: ["Ready", "RoutesReady", "ConfigurationsReady"].map((type) => ({ type, status: "True" })),
      latestCreatedRevisionName: id,
      traffic: [{ revisionName: id, latestRevision: true, percent: 100 }],
      url: service.status.address.url,
    },
  });
  expect((await it.call("GET", `${parent}/services/api`)).body).toMatchObject({
    client: "gcloud",
    clientVersion: "528.0.0",
    template: {
      labels: { "client.knative.dev/nonce": "tautzzciog" },
      scaling: { minInstanceCount: 1, maxInstanceCount: 10 },
      maxInstanceRequestConcurrency: 10,
      timeout: "3600s",
      containers: [
        {
          env: [
            { name: "ENVIRONMENT", value: "production" },
            { name: "API_SECRET_KEY", valueSource: { secretKeyRef: { secret: "API_SECRET_KEY", version: "latest" } } },
          ],
          resources: { limits: { cpu: "2", memory: "2Gi" }, cpuIdle: true, startupCpuBoost: true },
        },
      ],
    },
  });
});

test("run v1: what was answered and is sent back changes nothing; a change makes a revision; an old version is refused", async () => {
  await using it = await startKnative();
  await it.waited((await it.v1("POST", `${knative}/services`, deployed("good"))).body);
  const service = (await it.v1("GET", `${knative}/services/api`)).body;
  const same = await it.v1("PUT", `${knative}/services/api`, service);
  await it.waited(same.body);
  expect(same.body.metadata.generation).toBe(1);
  expect((await it.v1("GET", `${knative}/revisions`)).body.items).toHaveLength(1);

  const fresh = (await it.v1("GET", `${knative}/services/api`)).body;
  fresh.spec.template.metadata.labels["client.knative.dev/nonce"] = "second";
  fresh.spec.template.spec.containers[0].env.push({ name: "LOG_LEVEL", value: "DEBUG" });
  await it.waited((await it.v1("PUT", `${knative}/services/api`, fresh)).body);
  const stale = await it.v1("PUT", `${knative}/services/api`, service);
  expect(stale).toMatchObject({
    status: 409,
    body: { error: { message: expect.stringMatching(/^Conflict for resource 'api'/) } },
  });

  const nonce = "labelSelector=client.knative.dev%2Fnonce+%3D+tautzzciog";
  const { items } = (await it.v1("GET", `apis/serving.knative.dev/v1/namespaces/123456789012/revisions?${nonce}`)).body;
  expect(items).toHaveLength(1);
  const first = items[0].metadata.name;
  expect(items[0]).toMatchObject({
    metadata: {
      labels: { "serving.knative.dev/service": "api", "cloud.googleapis.com/location": "us-central1" },
      ownerReferences: [{ kind: "Configuration", name: "api", controller: true }],
    },
    status: { conditions: expect.arrayContaining([expect.objectContaining({ type: "Ready", status: "True" })]) },
  });

  const now = (await it.v1("GET", `${knative}/services/api`)).body;
  now.spec.traffic = [{ revisionName: first, percent: 100 }];
  await it.waited((await it.v1("PUT", `${knative}/services/api`, now)).body);
  const moved = (await it.v1("GET", `${knative}/services/api`)).body;
  expect(moved.status.traffic).toEqual([{ revisionName: first, percent: 100 }]);
  expect((await it.v1("GET", `${knative}/revisions`)).body.items).toHaveLength(2);
  expect((await it.v1("GET", `${knative}/routes/api`)).body.status.traffic).toEqual(moved.status.traffic);
  expect((await it.v1("GET", `${knative}/configurations/api`)).body.status).toMatchObject({
    latestCreatedRevisionName: moved.status.latestCreatedRevisionName,
    conditions: [{ type: "Ready", status: "True" }],
  });
});

test("run v1: a deploy that fails says why, in the operation and in Ready", async () => {
  await using it = await startKnative();
  const made = await it.v1("POST", `${knative}/services`, deployed("missing"));
  const { error } = await it.waited(made.body);
  expect(error).toMatchObject({ code: 5, message: expect.stringContaining("not found.") });
  const { status, metadata } = (await it.v1("GET", `${knative}/services/api`)).body;
  expect(status.observedGeneration).toBe(metadata.generation);
  expect(status.conditions[0]).toMatchObject({
    type: "Ready",
    status: "False",
    reason: "ContainerMissing",
    message: error.message,
  });
});

test("run v1: the global host lists all regions and knows the policies; a service is deleted in Kubernetes' form", async () => {
  await using it = await startKnative();
  const global = "run.googleapis.com";
  await it.waited((await it.v1("POST", `${knative}/services`, deployed("good"))).body);
  const all = (await it.v1("GET", "v1/projects/demo/locations/-/services", undefined, global)).body;
  expect(all).toMatchObject({ kind: "ServiceList", items: [{ metadata: { name: "api" } }] });
  expect((await it.v1("GET", "v1/projects/demo/locations/europe-west1/services", undefined, global)).body).toEqual({
    apiVersion: "serving.knative.dev/v1",
    kind: "ServiceList",
    metadata: {},
  });
  expect((await it.v1("POST", `${knative}/services`, deployed("good"), global)).body.error.message).toContain(
    "regional",
  );
  expect((await it.v1("GET", "v1/projects/demo/locations", undefined, global)).body.locations.length).toBeGreaterThan(
    10,
  );
  expect((await it.v1("GET", "v1/projects/demo/authorizeddomains", undefined, global)).body).toEqual({});
  const mappings = await it.v1("GET", "apis/domains.cloudrun.com/v1/namespaces/demo/domainmappings");
  expect(mappings.body).toMatchObject({ kind: "DomainMappingList" });
  const mapping = await it.v1("POST", "apis/domains.cloudrun.com/v1/namespaces/demo/domainmappings", {});
  expect(mapping).toMatchObject({
    status: 501,
    body: { error: { message: expect.stringContaining("domain mappings") } },
  });

  const at = `v1/${parent}/services/api`;
  const before = (await it.v1("GET", `${at}:getIamPolicy`, undefined, global)).body;
  const policy = { bindings: [{ members: ["allUsers"], role: "roles/run.invoker" }], etag: before.etag, version: 1 };
  const set = (await it.v1("POST", `${at}:setIamPolicy`, { policy }, global)).body;
  expect(set).toMatchObject({ version: 1, bindings: policy.bindings });
  expect((await it.v1("POST", `${at}:setIamPolicy`, { policy }, global)).status).toBe(409);
  const permissions = ["run.services.setIamPolicy"];
  expect((await it.v1("POST", `${at}:testIamPermissions`, { permissions }, global)).body).toEqual({ permissions });

  const deleted = await it.v1("DELETE", `${knative}/services/api`);
  expect(deleted.body).toMatchObject({ kind: "Status", status: "Success", details: { name: "api", kind: "services" } });
  await expect.poll(async () => (await it.v1("GET", `${knative}/services/api`)).status).toBe(404);
});

test("run v1: what is refused is told by v1's names, message and field violations alike", async () => {
  await using it = await startKnative();
  const refused = async (change: (service: ReturnType<typeof deployed>) => void): Promise<unknown> => {
    const service = deployed("good");
    change(service);
    return (await it.v1("POST", `${knative}/services`, service)).body;
  };
  const of = (field: string, description: unknown) => ({
    error: {
      code: 400,
      status: "INVALID_ARGUMENT",
      message: expect.stringMatching(field.replace(/[[\].]/g, "\\$&")),
      details: [{ "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: [{ field, description }] }],
    },
  });
  const spec = (service: ReturnType<typeof deployed>) => service.spec?.template?.spec ?? {};
  expect(
    await refused((service) => {
      spec(service).containers = [{ image: "ghcr.io/a/b" }];
    }),
  ).toMatchObject(of("spec.template.spec.containers[0].image", expect.stringContaining("obtained ghcr.io/a/b.")));
  expect(
    await refused((service) => {
      spec(service).containers = [{ image: "us-docker.pkg.dev/demo/app/good:1", env: [{ name: "PORT", value: "1" }] }];
    }),
  ).toMatchObject(of("spec.template.spec.containers[0].env", expect.stringContaining("PORT")));
  expect(
    await refused((service) => {
      spec(service).timeoutSeconds = 4000;
    }),
  ).toMatchObject(of("spec.template.spec.timeoutSeconds", "maximum allowed time is one hour."));
  expect(
    await refused((service) => {
      service.metadata = { ...service.metadata, name: "Api" };
    }),
  ).toMatchObject(of("metadata.name", expect.stringContaining("must use only lowercase letters")));
});

test("run v1: worker pools are listed, described and deleted; their revisions are found by their label", async () => {
  await using it = await startKnative();
  const template = { containers: [{ image: "us-docker.pkg.dev/demo/app/good:1" }] };
  await it.settle("POST", `${parent}/workerPools?workerPoolId=queue`, {
    template,
    scaling: { manualInstanceCount: 2 },
  });
  const { items } = (await it.v1("GET", `${batch}/workerpools`, undefined, "run.googleapis.com")).body;
  expect(items).toEqual([
    expect.objectContaining({
      apiVersion: "run.googleapis.com/v1",
      kind: "WorkerPool",
      spec: expect.objectContaining({ instanceSplits: [{ latestRevision: true, percent: 100 }] }),
    }),
  ]);
  const { metadata, status } = (await it.v1("GET", `${batch}/workerpools/queue`)).body;
  expect(metadata.annotations["run.googleapis.com/manualInstanceCount"]).toBe("2");
  expect(status).toMatchObject({ conditions: [{ type: "Ready", status: "True" }, {}, {}], instanceSplits: [{}] });
  expect(status).not.toHaveProperty("url");
  const selector = "labelSelector=run.googleapis.com%2FworkerPool+%3D+queue";
  const found = (await it.v1("GET", `${knative}/revisions?${selector}`)).body.items;
  expect(found.map((each: Answer) => each.metadata.name)).toEqual([status.latestReadyRevisionName]);
  expect((await it.v1("GET", `${knative}/revisions`)).body.items).toBeUndefined();
  expect((await it.v1("DELETE", `${batch}/workerpools/queue`)).body.status).toBe("Success");
  await expect.poll(async () => (await it.v1("GET", `${batch}/workerpools/queue`)).status).toBe(404);
});
