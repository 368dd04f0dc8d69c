import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  createFileRegistry,
  type DescMessage,
  type FileRegistry,
  fromBinary,
  fromJson,
  getOption,
  type JsonValue,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { Sent } from "./engine.test-support.ts";

/** Which message a request's body is, by Google's own `google.api.http` bindings: set of descriptors, verb, path, type. */
const bodies: readonly (readonly [set: string, verb: string, path: RegExp, type: string])[] = [
  ["run-v2", "POST", /^run\..*\/services$/, "google.cloud.run.v2.Service"],
  ["run-v2", "PATCH", /^run\..*\/services\/[^/:]+$/, "google.cloud.run.v2.Service"],
  ["secretmanager-v1", "POST", /^secretmanager\..*\/secrets$/, "google.cloud.secretmanager.v1.Secret"],
  ["secretmanager-v1", "PATCH", /^secretmanager\..*\/secrets\/[^/:]+$/, "google.cloud.secretmanager.v1.Secret"],
  ["secretmanager-v1", "POST", /:addVersion$/, "google.cloud.secretmanager.v1.AddSecretVersionRequest"],
  ["secretmanager-v1", "POST", /:setIamPolicy$/, "google.iam.v1.SetIamPolicyRequest"],
  ["iam-v1", "POST", /^iam\..*\/serviceAccounts$/, "google.iam.admin.v1.CreateServiceAccountRequest"],
  ["iam-v1", "PATCH", /^iam\..*\/serviceAccounts\//, "google.iam.admin.v1.PatchServiceAccountRequest"],
  ["artifactregistry-v1", "POST", /\/repositories$/, "google.devtools.artifactregistry.v1.Repository"],
  ["artifactregistry-v1", "PATCH", /\/repositories\/[^/]+$/, "google.devtools.artifactregistry.v1.Repository"],
  ["redis-v1", "POST", /^redis\..*\/instances$/, "google.cloud.redis.v1.Instance"],
  ["serviceusage-v1", "POST", /:batchEnable$/, "google.api.serviceusage.v1.BatchEnableServicesRequest"],
];

/** google.api.FieldBehavior.OUTPUT_ONLY */
const outputOnly = 3;
const registries = new Map<string, FileRegistry>();

function registry(set: string): FileRegistry {
  const known = registries.get(set);
  if (known !== undefined) return known;
  const file = join(import.meta.dirname, `../../../cloud/gen/${set}.binpb`);
  const made = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(file)));
  registries.set(set, made);
  return made;
}

function readOnlyFields(message: ReflectMessage, types: FileRegistry, at: string): string[] {
  const behavior = types.getExtension("google.api.field_behavior");
  if (behavior === undefined) throw new Error("the descriptors do not hold google.api.field_behavior");
  return message.fields
    .filter((field) => message.isSet(field))
    .flatMap((field) => {
      const path = `${at}.${field.jsonName}`;
      const values = getOption(field, behavior) as readonly number[];
      if (values.includes(outputOnly)) return [path];
      if (field.fieldKind === "message") return readOnlyFields(message.get(field), types, path);
      if (field.fieldKind !== "list" || field.listKind !== "message") return [];
      return [...message.get(field)].flatMap((item, i) =>
        readOnlyFields(item as ReflectMessage, types, `${path}[${i}]`),
      );
    });
}

/** What Google's protos say against a request: a field that they do not know, or that only Google may write. */
export function faultsOf({ verb, path, body }: Sent): readonly string[] {
  if (body === undefined) return [];
  const found = bodies.find(([, v, pattern]) => v === verb && pattern.test(path));
  if (found === undefined) return [`${verb} ${path}: no message is named for this body`];
  const [set, , , type] = found;
  const types = registry(set);
  const schema: DescMessage | undefined = types.getMessage(type);
  if (schema === undefined) return [`${type}: not in ${set}`];
  try {
    const message = fromJson(schema, body as JsonValue, { ignoreUnknownFields: false, registry: types });
    return readOnlyFields(reflect(schema, message), types, type).map(
      (field) => `${verb} ${path}: ${field} is output only`,
    );
  } catch (thrown) {
    return [`${verb} ${path}: ${thrown instanceof Error ? thrown.message : String(thrown)}`];
  }
}
