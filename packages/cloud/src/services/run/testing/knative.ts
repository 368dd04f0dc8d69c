import { seededIds } from "@aloft/kit/ids";
import type { run_v1 } from "@googleapis/run";
import { startCloud } from "../../../cloud.ts";
import { runOver } from "../api.ts";
import { type Answer, runClient } from "./client.ts";
import { paperMachines } from "./machines.ts";

export const parent = "projects/demo/locations/us-central1";
export const knative = "apis/serving.knative.dev/v1/namespaces/demo";
export const batch = "apis/run.googleapis.com/v1/namespaces/demo";
export const image = (kind: string): string => `us-docker.pkg.dev/demo/app/${kind}:1`;

/** A cloud with Cloud Run alone, over paper machines, that is called as gcloud calls v1. */
export async function startKnative() {
  const machines = paperMachines();
  const cloud = await startCloud({
    services: [runOver(() => machines)],
    projects: { demo: 123456789012 },
    ids: seededIds("v1"),
  });
  cloud.host.projects.setEnabled("demo", "run.googleapis.com", true);
  const v1 = async (verb: string, path: string, body?: object, host = "us-central1-run.googleapis.com") => {
    const answer = await fetch(`${cloud.url}/${host}/${path}`, {
      method: verb,
      headers: { authorization: `Bearer ${cloud.token()}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Answer };
  };
  /** Waits as gcloud does: for the operation that the annotation names. */
  const waited = async (of: Answer): Promise<Answer> => {
    const id = of.metadata.annotations["run.googleapis.com/operation-id"];
    return (await v1("POST", `v1/${parent}/operations/${id}:wait`, { timeout: "30s" })).body;
  };
  return {
    cloud,
    machines,
    v1,
    waited,
    ...runClient(cloud.url, cloud.token()),
    [Symbol.asyncDispose]: () => cloud.close(),
  };
}

/** What gcloud sends for `run deploy api --image=… --min-instances=1 …`. */
export const deployed = (kind: string): run_v1.Schema$Service => ({
  apiVersion: "serving.knative.dev/v1",
  kind: "Service",
  metadata: {
    annotations: { "run.googleapis.com/client-name": "gcloud", "run.googleapis.com/client-version": "528.0.0" },
    labels: {},
    name: "api",
    namespace: "demo",
  },
  spec: {
    template: {
      metadata: {
        annotations: {
          "autoscaling.knative.dev/maxScale": "10",
          "autoscaling.knative.dev/minScale": "1",
          "run.googleapis.com/client-name": "gcloud",
          "run.googleapis.com/client-version": "528.0.0",
          "run.googleapis.com/startup-cpu-boost": "True",
        },
        labels: { "client.knative.dev/nonce": "tautzzciog" },
      },
      spec: {
        containerConcurrency: 10,
        containers: [
          {
            env: [
              { name: "ENVIRONMENT", value: "production" },
              { name: "API_SECRET_KEY", valueFrom: { secretKeyRef: { key: "latest", name: "API_SECRET_KEY" } } },
            ],
            image: image(kind),
            name: "",
            resources: { limits: { cpu: "2", memory: "2Gi" }, requests: {} },
          },
        ],
        nodeSelector: {},
        timeoutSeconds: 3600,
      },
    },
  },
  status: { address: {} },
});
