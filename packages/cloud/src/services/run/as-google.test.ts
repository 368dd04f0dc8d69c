import { ServicesClient } from "@google-cloud/run";
import { credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cloud, startCloud } from "../../cloud.ts";
import { runOver } from "./api.ts";
import { messagesOf } from "./messages.ts";
import { createStore } from "./store.ts";
import { type Answer, type RunClient, runClient } from "./testing/client.ts";
import { type PaperMachines, paperMachines } from "./testing/machines.ts";

process.env.METADATA_SERVER_DETECTION = "none";
const parent = "projects/demo/locations/us-central1";
const api = `${parent}/services/api`;
const compute = "123456789012-compute@developer.gserviceaccount.com";
const image = "us-docker.pkg.dev/demo/app/good:1";
let cloud: Cloud;
let machines: PaperMachines;
let run: RunClient;

beforeAll(async () => {
  machines = paperMachines();
  cloud = await startCloud({
    services: [runOver(() => machines)],
    projects: { demo: 123456789012, images: 210987654321 },
    presets: ["org"],
    log: () => undefined,
  });
  cloud.host.projects.setEnabled("demo", "run.googleapis.com", true);
  run = runClient(cloud.url, cloud.token());
});
afterAll(() => cloud.close());

const made = async (id: string, template: object, more: object = {}): Promise<Answer> =>
  (await run.settle("POST", `${parent}/services?serviceId=${id}`, { template, ...more })).response;

/** What emulators get wrong, through the public door. */
describe("run as at Google", () => {
  test("what is not said is filled in by the server, also where a PATCH without a mask leaves it out", async () => {
    const { template, ingress, traffic, launchStage } = await made("api", { containers: [{ image }] });
    expect({ template, ingress, traffic, launchStage }).toEqual({
      ingress: "INGRESS_TRAFFIC_ALL",
      launchStage: "GA",
      traffic: [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 100 }],
      template: {
        scaling: { maxInstanceCount: 100 },
        timeout: "300s",
        serviceAccount: compute,
        maxInstanceRequestConcurrency: 80,
        containers: [
          {
            image,
            resources: { limits: { cpu: "1000m", memory: "512Mi" }, cpuIdle: true },
            ports: [{ name: "http1", containerPort: 8080 }],
            startupProbe: { timeoutSeconds: 240, periodSeconds: 240, failureThreshold: 1, tcpSocket: { port: 8080 } },
          },
        ],
      },
    });
    const labelled = {
      labels: { a: "b" },
      template: { timeout: "9s", containers: [{ image, env: [{ name: "A", value: "1" }] }] },
    };
    await run.settle("PATCH", api, labelled);
    const bare = (await run.settle("PATCH", api, { template: { containers: [{ image }] } })).response;
    expect([bare.labels, bare.template.timeout, bare.template.containers[0].env]).toEqual([
      undefined,
      "300s",
      undefined,
    ]);
  });

  test("no door tells a service ready before its revision's probe has passed: v2, v1 and gRPC", async () => {
    const held = "us-docker.pkg.dev/demo/app/held:1";
    const { body: v2 } = await run.call("POST", `${parent}/services?serviceId=by-v2`, {
      template: { containers: [{ image: held }] },
    });
    expect([v2.done ?? false, v2.metadata.terminalCondition.state]).toEqual([false, "CONDITION_PENDING"]);
    const url = `${cloud.url}/us-central1-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/demo/services`;
    const headers = { authorization: `Bearer ${cloud.token()}`, "content-type": "application/json" };
    const spec = { template: { spec: { containers: [{ image: held }] } } };
    const body = { apiVersion: "serving.knative.dev/v1", kind: "Service", metadata: { name: "by-v1" }, spec };
    const v1 = (await (await fetch(url, { method: "POST", headers, body: JSON.stringify(body) })).json()) as Answer;
    const ready = (of: Answer) => of.status?.conditions?.find((each: Answer) => each.type === "Ready")?.status;
    expect([v1.kind, ready(v1) === "True", v1.status?.url]).toEqual(["Service", false, undefined]);
    const seen = (await (await fetch(`${url}/by-v1`, { headers })).json()) as Answer;
    expect(ready(seen)).toBe("Unknown");

    const client = new ServicesClient({
      ...{ servicePath: "127.0.0.1", port: cloud.port, sslCreds: credentials.createInsecure(), projectId: "demo" },
    });
    const service = { template: { containers: [{ image: held }] } };
    const otherArgs = { headers: { authorization: `Bearer ${cloud.token()}` } };
    const [operation] = await client.createService({ parent, serviceId: "by-grpc", service }, { otherArgs });
    expect(operation.latestResponse.done ?? false).toBe(false);
    await client.close();
    machines.release();
    for (const id of ["by-v2", "by-v1", "by-grpc"]) {
      const state = async () => (await run.call("GET", `${parent}/services/${id}`)).body.terminalCondition.state;
      await expect.poll(state, { interval: 10 }).toBe("CONDITION_SUCCEEDED");
    }
  });

  test("once resources are sent, an absent cpuIdle means a CPU that is always allocated", async () => {
    const limits = { cpu: "1", memory: "512Mi" };
    const { template } = await made("always", { containers: [{ image, resources: { limits } }] });
    expect(template.containers[0].resources).toEqual({ limits });
    const running = [...machines.up.values()].find(({ service }) => service === "always");
    expect(running?.containers[0]?.cpuIdle).toBe(false);
  });

  test("reserved variables are refused, in services and in jobs", async () => {
    const refusal = async (path: string, body: object): Promise<string> => {
      const { status, body: answer } = await run.call("POST", path, body);
      expect(status).toBe(400);
      return answer.error.message;
    };
    for (const name of ["PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"]) {
      const template = { containers: [{ image, env: [{ name, value: "1" }] }] };
      expect(await refusal(`${parent}/services?serviceId=none`, { template })).toContain(
        `The following reserved env names were provided: ${name}.`,
      );
    }
    const env = [{ name: "CLOUD_RUN_TASK_COUNT", value: "1" }];
    expect(
      await refusal(`${parent}/jobs?jobId=none`, { template: { template: { containers: [{ image, env }] } } }),
    ).toContain("The following reserved env names were provided: CLOUD_RUN_TASK_COUNT.");
  });

  test("an organisation refuses allUsers, and invokerIamDisabled makes the service public all the same", async () => {
    await made("open", { containers: [{ image }] }, { invokerIamDisabled: true });
    const bindings = [{ role: "roles/run.invoker", members: ["allUsers"] }];
    const refused = await run.call("POST", `${parent}/services/open:setIamPolicy`, { policy: { bindings } });
    expect([refused.status, refused.body.error.message]).toEqual([
      400,
      "One or more users named in the policy do not belong to a permitted customer.",
    ]);
    expect(machines.served.get(`${parent}/services/open`)?.invokerIamDisabled).toBe(true);
  });

  test("both addresses and those of tags are served and told", async () => {
    const traffic = [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 100, tag: "next" }];
    const { urls, trafficStatuses } = await made("two", { containers: [{ image }] }, { traffic });
    expect(urls).toEqual([
      "https://two-123456789012.us-central1.run.app",
      expect.stringMatching(/^https:\/\/two-[a-z0-9]{10}-uc\.a\.run\.app$/),
    ]);
    expect(trafficStatuses[0].uri).toBe(urls[1].replace("https://", "https://next---"));
    expect(machines.served.get(`${parent}/services/two`)?.hosts).toEqual(urls.map((url: string) => new URL(url).host));
  });

  test("an image of another project is pulled by Cloud Run's service agent, whatever the runtime's identity may do", async () => {
    const template = { containers: [{ image: "us-docker.pkg.dev/images/app/good:1" }] };
    const repository = "artifactregistry.googleapis.com/projects/images/locations/us/repositories/app";
    const grant = (email: string) =>
      cloud.host.iam.setPolicy(repository, {
        version: 1,
        bindings: [{ role: "roles/artifactregistry.reader", members: [`serviceAccount:${email}`] }],
      });
    grant(compute);
    const refused = await run.settle("POST", `${parent}/services?serviceId=far`, { template });
    const agent = "service-123456789012@serverless-robot-prod.iam.gserviceaccount.com";
    expect(refused.error).toMatchObject({
      code: 13,
      message: expect.stringContaining(
        `is not ready and cannot serve traffic. Google Cloud Run Service Agent ${agent} must have permission to read the image, us-docker.pkg.dev/images/app/good:1.`,
      ),
    });
    grant(agent);
    const again = { ...template, annotations: { attempt: "2" } };
    expect((await run.settle("PATCH", `${parent}/services/far`, { template: again })).error).toBeUndefined();
  });

  test("of more than a thousand revisions the oldest go by themselves, what serves stays", async () => {
    const name = `${parent}/services/long`;
    const first = (await made("long", { containers: [{ image }] })).latestReadyRevision;
    const pinned = [
      { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", revision: first.split("/").at(-1), percent: 100 },
    ];
    await run.settle("PATCH", `${name}?updateMask=traffic`, { traffic: pinned });
    const deploy = async (timeout: string): Promise<string> => {
      const template = { containers: [{ image }], timeout };
      return (await run.settle("PATCH", `${name}?updateMask=template`, { template })).response.latestReadyRevision;
    };
    const second = await deploy("2s");
    // As if a thousand deployments had come after: copies of the second.
    const { db, schemas } = cloud.host;
    const m = messagesOf(schemas);
    const { revisions } = createStore(db, schemas, m);
    const revision = revisions.get(second);
    if (revision === undefined) throw new Error("the second revision is not stored");
    db.tx(() => {
      for (let n = 3; n <= 1000; n++) {
        const copy = `${name}/revisions/long-${String(n).padStart(5, "0")}-abc`;
        revisions.put(copy, { ...schemas.clone(m.revision, revision), name: copy });
      }
    });
    expect((await run.call("GET", second)).status).toBe(200);
    const last = await deploy("3s");
    await expect.poll(async () => (await run.call("GET", second)).status, { interval: 10 }).toBe(404);
    expect((await run.call("GET", first)).status).toBe(200);
    expect((await run.call("GET", last)).status).toBe(200);
  });
});
