import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import type { SecretSchema } from "../../gen/types/google/cloud/secretmanager/v1/resources_pb.js";
import { compileFilter } from "./filter.ts";
import { createSchemas } from "./schemas.ts";

const schema = createSchemas().message<typeof SecretSchema>("google.cloud.secretmanager.v1.Secret");

function matches(filter: string, init: MessageInitShape<typeof SecretSchema>): boolean {
  return compileFilter(filter, schema)(create(schema, init));
}

const secret: MessageInitShape<typeof SecretSchema> = {
  name: "projects/1/secrets/api-key",
  labels: { env: "prod", "team.name": "Core" },
  createTime: { seconds: 1_767_323_045n, nanos: 500_000_000 },
  topics: [{ name: "projects/1/topics/a" }],
  replication: { replication: { case: "automatic", value: {} } },
};

test.each([
  ["", true],
  ["name:api", true],
  ["name:API", true],
  ["name=projects/1/secrets/api-key", true],
  ["name = 'api-key'", false],
  ['name="projects/1/secrets/*"', true],
  ["labels.env=prod", true],
  ["labels.env!=prod", false],
  ["labels.none!=x", true],
  ["labels.env:*", true],
  ["labels:env", true],
  ["labels.'team.name' = Core", true],
  ["-labels.env=prod", false],
  ["NOT labels.env=dev AND name:key", true],
  ["labels.env=dev OR labels.env=prod name:key", true],
  ["labels.env=prod AND (name:none OR name:key)", true],
  ["create_time > 2026-01-02T03:04:05Z", true],
  ['createTime >= "2026-01-03"', false],
  ["topics.name:topics/a", true],
  ["replication.automatic:*", true],
  ["replication.userManaged:*", false],
  ["api", true],
  ["nothing", false],
])("filter: %s", (filter, expected) => {
  expect(matches(filter, secret)).toBe(expected);
});

test.each(["name=", "(name:a", "foo=1", "name:a)", "AND", "create_time > soon", "= 1", "labels=x", '"unclosed'])(
  "filter: %s is refused",
  (filter) => {
    expect(() => compileFilter(filter, schema)).toThrow(/^Invalid filter: /);
  },
);
