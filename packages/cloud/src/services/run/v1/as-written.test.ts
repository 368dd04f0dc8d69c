import { expect, test } from "vitest";
import { deployed, knative, parent, startKnative } from "../testing/knative.ts";

const throttling = "run.googleapis.com/cpu-throttling";
const least = "autoscaling.knative.dev/minScale";
const client = "run.googleapis.com/client-name";

test("run v1: annotations that say what would be anyway stay as they were written, until v2 says otherwise", async () => {
  await using it = await startKnative();
  const { metadata, spec } = deployed("good");
  const annotations = { [least]: "0", [throttling]: "true", "autoscaling.knative.dev/maxScale": "4" };
  const body = {
    metadata: { ...metadata, annotations: { [client]: "terraform", "run.googleapis.com/iap-enabled": "false" } },
    spec: { template: { metadata: { annotations }, spec: spec?.template?.spec ?? {} } },
  };
  const made = (await it.v1("POST", `${knative}/services`, body)).body;
  expect(made.spec.template.metadata.annotations).toEqual(annotations);
  await it.waited(made);
  const got = (await it.v1("GET", `${knative}/services/api`)).body;
  expect(got.spec.template.metadata.annotations).toEqual(annotations);
  expect(got.metadata.annotations).toMatchObject(body.metadata.annotations);
  expect((await it.v1("GET", `${knative}/services`)).body.items[0].spec).toEqual(got.spec);

  const v2 = await it.call("GET", `${parent}/services/api`);
  const template = { ...v2.body.template, scaling: { minInstanceCount: 2, maxInstanceCount: 4 } };
  await it.call("PATCH", `${parent}/services/api?updateMask=template`, { template });
  const later = (await it.v1("GET", `${knative}/services/api`)).body;
  expect(later.spec.template.metadata.annotations).toEqual({ ...annotations, [least]: "2" });

  const { [throttling]: _, ...fewer } = annotations;
  const next = structuredClone(body);
  next.spec.template.metadata.annotations = fewer as typeof annotations;
  expect((await it.v1("PUT", `${knative}/services/api`, next)).body.spec.template.metadata.annotations).toEqual(fewer);
});
