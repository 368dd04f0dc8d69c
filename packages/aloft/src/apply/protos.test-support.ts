import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  createFileRegistry,
  type DescField,
  type DescMessage,
  type DescMethod,
  type FileRegistry,
  fromBinary,
  getOption,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** One HTTP binding of a method of Google's, by its `google.api.http` annotation. */
export interface Rule {
  readonly verb: string;
  /** The annotation's own text: `/v1/{parent=projects/*}/secrets`. */
  readonly template: string;
  readonly path: RegExp;
  /** Fields of the request that the path holds, in order: `secret.name`. */
  readonly fields: readonly string[];
  /** The field that the body is; `*`: the request itself; empty: there is none. */
  readonly body: string;
  /** Undefined: what every API has, like its operations. */
  readonly method?: DescMethod;
}

export interface Api {
  readonly types: FileRegistry;
  readonly rules: readonly Rule[];
}

/** Descriptor sets of Google's protos by API host. */
const sets: Readonly<Record<string, string>> = {
  "artifactregistry.googleapis.com": "artifactregistry-v1",
  "iam.googleapis.com": "iam-v1",
  "logging.googleapis.com": "logging-v2",
  "redis.googleapis.com": "redis-v1",
  "run.googleapis.com": "run-v2",
  "secretmanager.googleapis.com": "secretmanager-v1",
  "serviceusage.googleapis.com": "serviceusage-v1",
};

/**
 * Where an API's operations are read: said in the APIs' service configurations and discovery documents, not in their protos.
 * https://redis.googleapis.com/$discovery/rest?version=v1 and its like.
 */
const operations: Readonly<Record<string, string>> = {
  "artifactregistry.googleapis.com": "/v1/{name=projects/*/locations/*/operations/*}",
  "redis.googleapis.com": "/v1/{name=projects/*/locations/*/operations/*}",
  "run.googleapis.com": "/v2/{name=projects/*/locations/*/operations/*}",
  "serviceusage.googleapis.com": "/v1/{name=operations/*}",
};

/** google.api.FieldBehavior */
export const behaviors = { required: 2, outputOnly: 3, immutable: 5 } as const;

const known = new Map<string, Api | undefined>();

/** The API of a host; undefined when its protos are not here. */
export function apiOf(host: string): Api | undefined {
  if (!known.has(host)) known.set(host, sets[host] === undefined ? undefined : read(host, sets[host]));
  return known.get(host);
}

function read(host: string, set: string): Api {
  const file = join(import.meta.dirname, `../../../cloud/gen/${set}.binpb`);
  const types = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(file)));
  const http = types.getExtension("google.api.http");
  if (http === undefined) throw new Error(`${set} does not hold google.api.http`);
  const rules: Rule[] = [];
  for (const type of types) {
    if (type.kind !== "service") continue;
    for (const method of type.methods) rules.push(...bindings(getOption(method, http) as HttpRule, method));
  }
  if (rules.length === 0) throw new Error(`${set} has no HTTP bindings`);
  const polled = operations[host];
  if (polled !== undefined) rules.push(ruleOf("GET", polled, ""));
  return { types, rules };
}

interface HttpRule {
  readonly pattern: { readonly case?: string | undefined; readonly value?: unknown };
  readonly body: string;
  readonly additionalBindings: readonly HttpRule[];
}

function bindings({ pattern, body, additionalBindings }: HttpRule, method: DescMethod): Rule[] {
  const own =
    typeof pattern.value === "string" ? [ruleOf((pattern.case ?? "").toUpperCase(), pattern.value, body, method)] : [];
  return [...own, ...additionalBindings.flatMap((more) => bindings(more, method))];
}

/** `*` is one segment, `**` all that is left; a colon begins the verb. */
function ruleOf(verb: string, template: string, body: string, method?: DescMethod): Rule {
  const fields: string[] = [];
  const part = (glob: string): string =>
    glob.replaceAll(/[.+$()|]/g, "\\$&").replaceAll(/\*\*|\*/g, (star) => (star === "*" ? "[^/:]+" : ".+"));
  const source = template.replaceAll(
    /\{([^=}]+)(?:=([^}]+))?\}|([^{]+)/g,
    (_, field?: string, glob = "*", text = "") => {
      if (field === undefined) return part(text);
      fields.push(field);
      return `(${part(glob)})`;
    },
  );
  return { verb, template, path: new RegExp(`^${source}$`), fields, body, ...(method === undefined ? {} : { method }) };
}

/** What Google says of a field: required, output only, immutable. */
export function behaviorOf(field: DescField, types: FileRegistry): readonly number[] {
  const extension = types.getExtension("google.api.field_behavior");
  if (extension === undefined) throw new Error("the descriptors do not hold google.api.field_behavior");
  return getOption(field, extension) as readonly number[];
}

/** The field at a path of names, in either spelling: `options.requestedPolicyVersion`. */
export function fieldAt(message: DescMessage, path: string): DescField | undefined {
  const [name = "", ...rest] = path.split(".");
  const field = message.fields.find((one) => one.jsonName === name || one.name === name);
  if (rest.length === 0 || field === undefined) return field;
  return field.fieldKind === "message" ? fieldAt(field.message, rest.join(".")) : undefined;
}
