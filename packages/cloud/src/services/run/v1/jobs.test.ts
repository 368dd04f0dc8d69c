import type { run_v1 } from "@googleapis/run";
import { expect, test } from "vitest";
import type { Answer } from "../testing/client.ts";
import { batch, image, startKnative } from "../testing/knative.ts";

test("run v1: a job as gcloud makes, runs and asks about it", async () => {
  await using it = await startKnative();
  const job: run_v1.Schema$Job = {
    apiVersion: "run.googleapis.com/v1",
    kind: "Job",
    metadata: { name: "nightly", namespace: "demo", annotations: { "run.googleapis.com/client-name": "gcloud" } },
    spec: {
      template: {
        metadata: { annotations: { "run.googleapis.com/execution-environment": "gen2" } },
        spec: {
          taskCount: 2,
          template: {
            spec: { containers: [{ image: image("flaky"), name: "" }], maxRetries: 1, timeoutSeconds: "900" },
          },
        },
      },
    },
  };
  expect((await it.v1("POST", `${batch}/jobs`, job)).status).toBe(200);
  const ready = async () => (await it.v1("GET", `${batch}/jobs/nightly`)).body.status.conditions[0];
  await expect.poll(ready).toMatchObject({ type: "Ready", status: "True" });
  const shown = (await it.v1("GET", `${batch}/jobs/nightly`)).body;
  expect(shown).toMatchObject({
    metadata: { namespace: "123456789012", labels: { "cloud.googleapis.com/location": "us-central1" } },
    spec: { template: { spec: { taskCount: 2, template: { spec: { maxRetries: 1, timeoutSeconds: "900" } } } } },
    status: { observedGeneration: 1 },
  });
  expect((await it.v1("PUT", `${batch}/jobs/nightly`, shown)).body.metadata.generation).toBe(1);

  const overrides = { containerOverrides: [{ args: ["x"], env: [{ name: "DAY", value: "monday" }] }] };
  const started = (await it.v1("POST", `${batch}/jobs/nightly:run`, { overrides })).body;
  const name = started.metadata.name;
  expect(started).toMatchObject({ kind: "Execution", metadata: { labels: { "run.googleapis.com/job": "nightly" } } });
  const completed = async () =>
    (await it.v1("GET", `${batch}/executions/${name}`)).body.status.conditions.find(
      (each: Answer) => each.type === "Completed",
    );
  await expect.poll(completed).toMatchObject({ status: "True" });
  expect(it.machines.tasks[0]?.containers[0]).toMatchObject({ args: ["x"], env: [{ name: "DAY", value: "monday" }] });
  expect((await it.v1("GET", `${batch}/executions/${name}`)).body.status).toMatchObject({
    succeededCount: 2,
    retriedCount: 2,
  });
  const of = `labelSelector=${encodeURIComponent(`run.googleapis.com/execution = ${name}`)}`;
  const states = encodeURIComponent(",run.googleapis.com/runningState in (Succeeded,Failed)");
  const { items } = (await it.v1("GET", `${batch}/tasks?${of}${states}`)).body;
  expect(items.map((task: Answer) => [task.metadata.name, task.status.retried])).toEqual([
    [`${name}-task0`, 1],
    [`${name}-task1`, 1],
  ]);
  expect((await it.v1("GET", `${batch}/jobs`)).body.items[0].status.latestCreatedExecution).toMatchObject({
    name,
    completionStatus: "EXECUTION_SUCCEEDED",
  });
  expect((await it.v1("DELETE", `${batch}/executions/${name}`)).body.status).toBe("Success");
  await expect.poll(async () => (await it.v1("GET", `${batch}/executions/${name}`)).status).toBe(404);
  expect((await it.v1("DELETE", `${batch}/jobs/nightly`)).body.status).toBe("Success");
});
