import { afterAll, beforeAll, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const demo = "logging.googleapis.com/v2/projects/demo";

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
});
afterAll(() => cloud.close());

test.each([
  ["shop/errors", "shop%2Ferrors"],
  ["plain", "plain"],
  ["(a),b!", "%28a%29%2Cb%21"],
])(
  "logging as Terraform calls it: the metric %s is found, changed and deleted by its encoded name",
  async (name, encoded) => {
    const metricDescriptor = { metricKind: "DELTA", valueType: "INT64", labels: [{ key: "who", valueType: "STRING" }] };
    const labelExtractors = { who: "EXTRACT(jsonPayload.who)" };
    const body = { name, filter: "severity>=ERROR", metricDescriptor, labelExtractors };
    const { body: made } = await rest("POST", `${demo}/metrics`, { body });
    expect(made).toMatchObject({
      name,
      metricDescriptor: { metricKind: "DELTA", unit: "1", labels: [{ key: "who" }] },
    });
    const one = `${demo}/metrics/${encoded}`;
    expect((await rest("GET", one)).body).toEqual(made);
    const changed = await rest("PUT", one, { body: { ...body, description: "changed", filter: "severity>=ALERT" } });
    expect(changed.body).toMatchObject({ name, description: "changed", filter: "severity>=ALERT" });
    expect((await rest("GET", `${demo}/metrics`)).body.metrics?.map((each) => each.name)).toEqual([name]);
    expect((await rest("DELETE", one)).body).toEqual({});
    expect((await rest("GET", one)).status).toBe(404);
  },
);

test("logging as Terraform calls it: a sink has a writer of its own, also after it is pointed elsewhere", async () => {
  const body = {
    name: "away",
    destination: "storage.googleapis.com/archive",
    filter: "severity>=ERROR",
    exclusions: [{ name: "no", filter: "severity=INFO", disabled: true }],
  };
  const sinks = `${demo}/sinks`;
  const made = await rest("POST", `${sinks}?uniqueWriterIdentity=true`, { body });
  const writer = "serviceAccount:service-123456789012@gcp-sa-logging.iam.gserviceaccount.com";
  expect(made.body).toMatchObject({ ...body, writerIdentity: writer });
  const moved = await rest(
    "PATCH",
    `${sinks}/away?updateMask=destination,filter,exclusions&uniqueWriterIdentity=true`,
    {
      body: { name: "away", destination: "pubsub.googleapis.com/projects/demo/topics/t", filter: "" },
    },
  );
  expect(moved.body).toMatchObject({ destination: "pubsub.googleapis.com/projects/demo/topics/t" });
  expect([moved.body.writerIdentity, moved.body.filter, moved.body.exclusions]).toEqual([writer, undefined, undefined]);
  expect((await rest("DELETE", `${sinks}/away`)).body).toEqual({});
});

test("logging as Terraform calls it: an exclusion is changed by a mask and goes by its id", async () => {
  const exclusions = `${demo}/exclusions`;
  const made = await rest("POST", exclusions, {
    body: { name: "noise", filter: "severity<INFO", description: "Noise" },
  });
  expect(made.body).toMatchObject({ name: "noise", filter: "severity<INFO", description: "Noise" });
  const changed = await rest("PATCH", `${exclusions}/noise?updateMask=filter,disabled`, {
    body: { filter: "severity<DEBUG", disabled: true, description: "not in the mask" },
  });
  expect(changed.body).toMatchObject({ filter: "severity<DEBUG", disabled: true, description: "Noise" });
  expect((await rest("GET", `${exclusions}/noise`)).body).toEqual(changed.body);
  // The generated clients are answered its whole name.
  const generated = await rest("GET", `${exclusions}/noise?$alt=json;enum-encoding=int`);
  expect(generated.body.name).toBe("projects/demo/exclusions/noise");
  expect((await rest("DELETE", `${exclusions}/noise`)).body).toEqual({});
});
