import { type DescField, type DescMessage, type FileRegistry, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { Sent } from "./engine.test-support.ts";
import { apiOf, behaviorOf, behaviors, fieldAt, type Rule } from "./protos.test-support.ts";

/** https://cloud.google.com/apis/docs/system-parameters */
const system = new Set(["alt", "fields", "key", "prettyPrint", "quotaUser"]);
const maskType = "google.protobuf.FieldMask";

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints; an upload goes on where the registry says. */
const registry: readonly (readonly [verb: RegExp, path: RegExp, query: readonly string[]])[] = [
  [/^(GET|HEAD)$/, /^\/v2\/$/, []],
  [/^(GET|HEAD|PUT)$/, /^\/v2\/[a-z0-9/._-]+\/manifests\/[\w.:-]+$/, []],
  [/^(GET|HEAD)$/, /^\/v2\/[a-z0-9/._-]+\/blobs\/sha256:[0-9a-f]{64}$/, []],
  [/^POST$/, /^\/v2\/[a-z0-9/._-]+\/blobs\/uploads\/$/, ["mount", "from", "digest"]],
  [/^(PATCH|PUT)$/, /\/uploads\//, ["digest"]],
];

/**
 * What Google's own definitions say against a request: a path or a verb that no method has, a query parameter, a field or
 * a mask's path that is not there, a value of another type, a field that only Google may write, one that is required and not
 * there. Empty: nothing. The local cloud has no say in it.
 */
export function faultsOf(sent: Sent): readonly string[] {
  const host = sent.path.slice(0, sent.path.indexOf("/"));
  const path = sent.path.slice(host.length);
  const called = `${sent.verb} ${sent.path}`;
  const told = (fault: string): string => `${called}: ${fault}`;
  if (host.endsWith("-docker.pkg.dev")) {
    const names = [...sent.query.keys()];
    const fits = registry.some(
      ([v, p, q]) => v.test(sent.verb) && p.test(path) && names.every((name) => q.includes(name)),
    );
    return fits ? [] : [told("no endpoint of a registry")];
  }
  // A service's own URL is no API of Google's.
  if (host.endsWith(".run.app")) return [];
  const api = apiOf(host);
  if (api === undefined) return [told("the protos of this API are not here")];
  const rule = api.rules.find((one) => one.verb === sent.verb && one.path.test(decodeURIComponent(path)));
  if (rule === undefined) return [told("no method has this verb and path")];
  if (rule.method === undefined) return sent.body === undefined && sent.query.size === 0 ? [] : [told("takes nothing")];
  return requestFaults(sent, rule, rule.method.input, api.types).map(told);
}

function requestFaults({ path, query, body }: Sent, rule: Rule, input: DescMessage, types: FileRegistry): string[] {
  const faults: string[] = [];
  const json: Record<string, unknown> = {};
  const put = (at: string, value: unknown): void => {
    const names = at.split(".").map(camel);
    const last = names.pop() ?? "";
    let place = json;
    for (const name of names) {
      const inner = (place[name] ?? {}) as Record<string, unknown>;
      place[name] = inner;
      place = inner;
    }
    place[last] = value;
  };
  if (body !== undefined && rule.body === "") faults.push("has a body, and the method takes none");
  else if (body !== undefined && rule.body === "*") Object.assign(json, structuredClone(body));
  else if (body !== undefined) put(rule.body, structuredClone(body));
  const found = rule.path.exec(decodeURIComponent(path.slice(path.indexOf("/")))) ?? [];
  rule.fields.forEach((field, i) => void put(field, found[i + 1]));
  for (const name of new Set(query.keys())) {
    if (system.has(name)) continue;
    const field = fieldAt(input, name);
    const first = name.split(".")[0] ?? "";
    const taken = rule.body === "*" || rule.fields.includes(name) || fieldAt(input, first)?.name === rule.body;
    if (field === undefined) faults.push(`the query's ${name} is no field of ${input.typeName}`);
    else if (taken) faults.push(`the query's ${name} belongs into the path or the body`);
    else put(name, textsAsJson(field, query.getAll(name)));
  }
  try {
    const message = fromJson(input, json as JsonValue, { ignoreUnknownFields: false, registry: types });
    const inPath = rule.fields.map((field) => field.split(".").map(camel).join("."));
    const partial = input.fields.some((field) => isMask(field) && field.jsonName in json);
    faults.push(...fieldFaults(reflect(input, message), "", { types, inPath, partial }));
    faults.push(...maskFaults(input, json, types));
  } catch (thrown) {
    faults.push(thrown instanceof Error ? thrown.message : String(thrown));
  }
  return faults;
}

/** `secret_id` → `secretId`, as JSON has it. */
const camel = (name: string): string => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** A query's texts as the JSON of the field. */
function textsAsJson(field: DescField, texts: readonly string[]): unknown {
  if (field.fieldKind === "list") return texts;
  const [text = ""] = texts;
  const boolean = field.fieldKind === "scalar" && field.scalar === 8;
  return boolean && ["true", "false"].includes(text) ? text === "true" : text;
}

interface Look {
  readonly types: FileRegistry;
  /** Fields that the path holds: may be anything. */
  readonly inPath: readonly string[];
  /** With an update mask a resource is not sent whole. */
  readonly partial: boolean;
}

/** Output-only fields that are set, required ones that are not, at any depth. */
function fieldFaults(message: ReflectMessage, at: string, look: Look): string[] {
  return message.fields.flatMap((field) => {
    const path = `${at}${at === "" ? "" : "."}${field.jsonName}`;
    if (look.inPath.includes(path)) return [];
    const said = behaviorOf(field, look.types);
    if (!message.isSet(field)) {
      const missing = said.includes(behaviors.required) && !(look.partial && at !== "");
      return missing ? [`${path} is required by ${message.desc.typeName} and not there`] : [];
    }
    if (said.includes(behaviors.outputOnly)) return [`${path} is output only`];
    if (field.fieldKind === "message") return fieldFaults(message.get(field), path, look);
    if (field.fieldKind !== "list" || field.listKind !== "message") return [];
    return [...message.get(field)].flatMap((item, i) => fieldFaults(item as ReflectMessage, `${path}[${i}]`, look));
  });
}

const isMask = (field: DescField): boolean => field.fieldKind === "message" && field.message.typeName === maskType;

/** A mask names fields of the resource beside it, and none that cannot be changed. */
function maskFaults(input: DescMessage, json: Readonly<Record<string, unknown>>, types: FileRegistry): string[] {
  const masks = input.fields.filter(isMask);
  const resource = input.fields.find(
    (field) => field.fieldKind === "message" && !isMask(field) && field.jsonName in json,
  );
  return masks.flatMap((mask) => {
    const text = json[mask.jsonName] ?? json[mask.name];
    if (typeof text !== "string") return [];
    if (resource?.fieldKind !== "message") return [`${mask.jsonName} without a resource`];
    return text.split(",").flatMap((path) => {
      const field = fieldAt(resource.message, path);
      if (field === undefined) return [`${mask.jsonName}: ${path} is no field of ${resource.message.typeName}`];
      const fixed = behaviorOf(field, types).filter((b) => b === behaviors.outputOnly || b === behaviors.immutable);
      return fixed.length === 0 ? [] : [`${mask.jsonName}: ${path} cannot be changed`];
    });
  });
}
