import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Builder } from "../app/app.ts";
import { defineApp } from "../app/define.ts";
import { graphOf } from "../app/evaluate.ts";
import type { ServiceSpec } from "../app/specs.ts";
import { wantedService } from "./lib/service-body.ts";

const survey = join(import.meta.dirname, "../../../../../shared/wire/gcloud.md");

interface Knative {
  readonly metadata: { readonly labels: object; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
      readonly spec: {
        readonly containerConcurrency: number;
        readonly timeoutSeconds?: number;
        readonly serviceAccountName?: string;
        readonly containers: readonly {
          readonly env: readonly {
            readonly name: string;
            readonly value?: string;
            readonly valueFrom?: { readonly secretKeyRef: { readonly key: string; readonly name: string } };
          }[];
          readonly resources: { readonly limits: object };
        }[];
      };
    };
  };
}

/** What `gcloud run deploy` sends, as the same in v2: https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services */
function fromKnative({ metadata, spec: { template } }: Knative): object {
  const notes = template.metadata.annotations;
  const [container] = template.spec.containers;
  const { timeoutSeconds, serviceAccountName } = template.spec;
  const generation = notes["run.googleapis.com/execution-environment"];
  return {
    labels: metadata.labels,
    ingress: `INGRESS_TRAFFIC_${(metadata.annotations["run.googleapis.com/ingress"] ?? "all").toUpperCase()}`,
    template: {
      scaling: {
        minInstanceCount: Number(notes["autoscaling.knative.dev/minScale"] ?? 0),
        maxInstanceCount: Number(notes["autoscaling.knative.dev/maxScale"]),
      },
      maxInstanceRequestConcurrency: template.spec.containerConcurrency,
      ...(timeoutSeconds === undefined ? {} : { timeout: `${timeoutSeconds}s` }),
      ...(serviceAccountName === undefined ? {} : { serviceAccount: serviceAccountName }),
      ...(generation === undefined
        ? {}
        : { executionEnvironment: `EXECUTION_ENVIRONMENT_${generation.toUpperCase()}` }),
      containers: [
        {
          env: container?.env.map(({ name, value, valueFrom }) =>
            valueFrom === undefined
              ? { name, value }
              : {
                  name,
                  valueSource: {
                    secretKeyRef: { secret: valueFrom.secretKeyRef.name, version: valueFrom.secretKeyRef.key },
                  },
                },
          ),
          resources: {
            limits: container?.resources.limits,
            cpuIdle: notes["run.googleapis.com/cpu-throttling"] !== "false",
            startupCpuBoost: notes["run.googleapis.com/startup-cpu-boost"] === "True",
          },
        },
      ],
    },
  };
}

/** The body of the service that one of the survey's commands sent. */
function sentBy(section: number): Knative {
  const text = readFileSync(survey, "utf8");
  const from = text.indexOf(`\n### ${section}. `);
  const part = text.slice(from, text.indexOf("\n### ", from + 1));
  const body = /request body: (\{"apiVersion":"serving.knative.dev\/v1","kind":"Service".*\})\n/.exec(part)?.[1];
  if (body === undefined) throw new Error(`section ${section} of gcloud.md holds no service`);
  return JSON.parse(body) as Knative;
}

function wanted(build: (b: Builder) => unknown): object {
  const place = { app: "demo", env: "local", project: "demo-local", region: "us-central1" };
  const graph = graphOf({ app: defineApp("demo", build), file: "/w/aloft.config.ts", folder: "/w" }, "local");
  const service = graph.resources.find(({ kind }) => kind === "service");
  return wantedService(service?.spec as ServiceSpec, place);
}

const image = `us-central1-docker.pkg.dev/demo/app@sha256:${"a".repeat(64)}`;

describe.skipIf(!existsSync(survey))("service: what gcloud run deploy sends for the same flags", () => {
  test("--concurrency --min-instances --max-instances --cpu --memory --execution-environment --ingress --labels, variables", () => {
    const ours = wanted(({ service }) =>
      service("backend", {
        image,
        serviceAccount: "gaia-backend-sa@demo.iam.gserviceaccount.com",
        concurrency: 1,
        min: 0,
        max: 2,
        cpu: 1,
        memory: "2Gi",
        executionEnvironment: "gen2",
        ingress: "all",
        env: { A: "1", ENV: "stg" },
        labels: { env: "stg", tier: "backend" },
        startupCpuBoost: true,
      }),
    );
    expect(ours).toMatchObject(fromKnative(sentBy(30)));
  });

  test("--timeout --set-env-vars --set-secrets", () => {
    const names = ["API_SECRET_KEY", "STREAM_API_KEY", "STREAM_API_SECRET", "GEMINI_API_KEY", "HEYGEN_API_KEY"];
    const ours = wanted(({ secrets, service }) =>
      service("agent", {
        image,
        public: true,
        min: 1,
        max: 10,
        memory: "2Gi",
        cpu: 2,
        timeout: "1h",
        concurrency: 10,
        env: { ENVIRONMENT: "production" },
        secrets: secrets(Object.fromEntries(names.map((id) => [id, { id, version: "latest" as const }]))),
        startupCpuBoost: true,
      }),
    );
    expect(ours).toMatchObject(fromKnative(sentBy(55)));
  });
});
