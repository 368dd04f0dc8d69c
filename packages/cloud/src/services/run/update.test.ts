import { clone, fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { createSchemas } from "../../wire/schemas.ts";
import { messagesOf } from "./messages.ts";
import { applyUpdate } from "./update.ts";

const m = messagesOf(createSchemas());
const before = {
  name: "projects/demo/locations/us-central1/services/api",
  uid: "u",
  description: "old",
  labels: { team: "a", "cost-center": "7" },
  template: { timeout: "10s", scaling: { minInstanceCount: 1, maxInstanceCount: 5 }, containers: [{ image: "a" }] },
};

function updated(request: JsonValue, paths: readonly string[]): JsonValue {
  const to = clone(m.service, fromJson(m.service, before));
  applyUpdate(m, to, fromJson(m.service, request), paths);
  return toJson(m.service, to);
}

test("update: without a mask what is absent goes, and what is the server's stays", () => {
  expect(updated({ uid: "other", template: { containers: [{ image: "b" }] } }, [])).toEqual({
    name: before.name,
    uid: "u",
    template: { containers: [{ image: "b" }] },
  });
});

test("update: a mask names fields, fields of fields and keys of maps", () => {
  const request = { labels: { team: "b" }, template: { scaling: { maxInstanceCount: 9 } } };
  const paths = ["template.scaling.max_instance_count", "labels.team", "labels.cost-center", "template.timeout", "uid"];
  expect(updated(request, paths)).toEqual({
    ...before,
    labels: { team: "b" },
    template: { scaling: { minInstanceCount: 1, maxInstanceCount: 9 }, containers: [{ image: "a" }] },
  });
  expect(updated({ description: "new" }, ["description"])).toEqual({ ...before, description: "new" });
});

test("update: paths that do not exist are all refused at once", () => {
  expect(() => updated({}, ["template.image", "colour", "description"])).toThrow(
    /'template.image'.*\n.*Invalid field path 'colour'/,
  );
});
