import { create, type Message, toBinary } from "@bufbuild/protobuf";
import { FieldMaskSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { fromProtoJson, toProtoJson } from "./json.ts";
import { parseJson } from "./json-text.ts";
import { RpcError } from "./rpc-error.ts";
import { createSchemas } from "./schemas.ts";

const schemas = createSchemas();
const secret = schemas.message("google.cloud.secretmanager.v1.Secret");
const payload = schemas.message("google.cloud.secretmanager.v1.SecretPayload");
const service = schemas.message("google.cloud.run.v2.Service");
const entry = schemas.message("google.logging.v2.LogEntry");

const read = (schema: typeof secret, text: string): Message => fromProtoJson(schemas, schema, parseJson(text));
const roundTrip = (schema: typeof secret, text: string): unknown => toProtoJson(schemas, schema, read(schema, text));

function refusal(schema: typeof secret, text: string): { message: string; fields: unknown } {
  try {
    read(schema, text);
  } catch (thrown) {
    if (!(thrown instanceof RpcError)) throw thrown;
    const [detail] = thrown.details;
    const violations = detail?.fieldViolations as { field?: string }[];
    return { message: thrown.message, fields: violations.map((each) => each.field) };
  }
  throw new Error(`accepted: ${text}`);
}

test("json: what Google sends comes back the same", () => {
  const text = {
    name: "projects/1/secrets/s",
    replication: { userManaged: { replicas: [{ location: "us-east1" }] } },
    createTime: "2026-01-02T03:04:05.123456Z",
    labels: { team: "a", __proto__x: "b" },
    etag: '"1"',
    versionAliases: { live: "9007199254740993" },
    rotation: { rotationPeriod: "3600s" },
  };
  expect(roundTrip(secret, JSON.stringify(text))).toEqual(text);
  const log = {
    jsonPayload: { a: [1, null, { b: "x" }] },
    severity: "ERROR",
    insertId: "1",
    timestamp: "2026-01-02T03:04:05Z",
  };
  expect(roundTrip(entry, JSON.stringify(log))).toEqual(log);
});

test("json: proto names, numbers as text, both base64 alphabets, nulls and enum spellings are taken", () => {
  expect(roundTrip(secret, '{"create_time": "2026-01-02T05:04:05+02:00", "labels": null}')).toEqual({
    createTime: "2026-01-02T03:04:05Z",
  });
  expect(roundTrip(payload, '{"data": "-_-_", "dataCrc32c": 123}')).toEqual({ data: "+/+/", dataCrc32c: "123" });
  expect(roundTrip(payload, '{"dataCrc32c": 9007199254740993}')).toEqual({ dataCrc32c: "9007199254740993" });
  expect(roundTrip(service, '{"ingress": 1, "launchStage": "ga"}')).toEqual({
    ingress: "INGRESS_TRAFFIC_ALL",
    launchStage: "GA",
  });
  expect(roundTrip(service, '{"ingress": 4711}')).toEqual({ ingress: 4711 });
});

test("json: a field that only newer clients know is no error as long as they leave it unset", () => {
  expect(roundTrip(secret, '{"etag": "x", "newer": null}')).toEqual({ etag: "x" });
  expect(refusal(secret, '{"newer": {}}').message).toContain('Unknown name "newer"');
});

test("json: everything that is wrong is told at once, in Google's words", () => {
  const text = `{"name": 0, "labels": {"a": 1}, "topics": [{"nme": "x"}, {"name": "y"}], "createTime": "2026-02-30T00:00:00Z",
    "ttl": "5", "nope": true}`;
  expect(refusal(secret, text)).toEqual({
    message: [
      "Invalid value at 'name' (TYPE_STRING), 0",
      "Invalid value at 'labels[0].value' (TYPE_STRING), 1",
      `Invalid JSON payload received. Unknown name "nme" at 'topics[0]': Cannot find field.`,
      "Invalid value at 'create_time' (type.googleapis.com/google.protobuf.Timestamp), Field 'createTime', Invalid time format: 2026-02-30T00:00:00Z",
      "Invalid value at 'ttl' (type.googleapis.com/google.protobuf.Duration), Field 'ttl', Illegal duration format; duration must end with 's'",
      'Invalid JSON payload received. Unknown name "nope": Cannot find field.',
    ].join("\n"),
    fields: ["name", "labels[0].value", "topics[0]", "create_time", "ttl", undefined],
  });
  expect(refusal(secret, '{"ttl": "5s", "expireTime": "2026-01-01T00:00:00Z"}').message).toBe(
    "Invalid value (oneof), oneof field 'expiration' is already set. Cannot set 'expireTime'",
  );
  expect(refusal(service, '{"ingress": "EVERYWHERE", "template": "x", "traffic": {"percent": 1.5}}').message).toBe(
    [
      `Invalid value at 'ingress' (type.googleapis.com/google.cloud.run.v2.IngressTraffic), "EVERYWHERE"`,
      `Invalid value at 'template' (type.googleapis.com/google.cloud.run.v2.RevisionTemplate), "x"`,
      "Invalid value at 'traffic[0].percent' (TYPE_INT32), 1.5",
    ].join("\n"),
  );
  expect(refusal(secret, '{"name": ["x"]}').message).toContain("Proto field is not repeating, cannot start list.");
  expect(refusal(secret, "[]").message).toBe("Invalid JSON payload received. Root element must be a message.");
});

test("json: a payload that is not base64 is refused without saying it again", () => {
  expect(refusal(payload, '{"data": "hunter2!"}').message).toBe(
    "Invalid value at 'data' (TYPE_BYTES), Base64 decoding failed",
  );
});

test("json: broken text is shown where it breaks, leniency is Google's", () => {
  expect(() => parseJson('{"a": 1 "b"}')).toThrow(
    'Invalid JSON payload received. Expected , or } after key:value pair.\n{"a": 1 "b"}\n        ^',
  );
  expect(() => parseJson('{"a":')).toThrow("Unexpected end of string. Expected a value.");
  expect(() => parseJson('{"a": b}')).toThrow("Unexpected token.");
  expect(() => parseJson('{"a": "b')).toThrow("Closing quote expected in string.");
  expect(() => parseJson("{} x")).toThrow("Parsing terminated before end of input.");
  expect(parseJson("{a: 'b', \"c\": [1, 2,],}")).toEqual({ a: "b", c: [1, 2] });
  const deep = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  expect(() => read(entry, `{"jsonPayload": ${deep(200)}}`)).toThrow("Message too deep. Max recursion depth reached");
  expect(() => read(entry, `{"jsonPayload": ${deep(200_000)}}`)).toThrow(
    "Message too deep. Max recursion depth reached",
  );
  expect(() => parseJson(`${"[".repeat(100_000)}1234567890123456789`)).toThrow("Message too deep");
  expect(() => parseJson(deep(101))).toThrow("Message too deep. Max recursion depth reached for key 'a'");
  expect(() => parseJson(deep(100))).not.toThrow();
});

test("json: an answer never fails for what it holds", () => {
  const operation = schemas.message("google.longrunning.Operation");
  const odd = create(operation, {
    metadata: { typeUrl: "type.googleapis.com/no.Such", value: new Uint8Array([1, 2]) },
  } as never);
  expect(toProtoJson(schemas, operation, odd)).toEqual({
    metadata: { "@type": "type.googleapis.com/no.Such", value: "AQI=" },
  });
  const mask = create(FieldMaskSchema, { paths: ["labels.Foo", "display_name", "a_1"] });
  expect(toProtoJson(schemas, FieldMaskSchema, mask)).toBe("labels.Foo,displayName,a_1");
  const packed = fromProtoJson(schemas, operation, {
    name: "o",
    response: { "@type": "type.googleapis.com/google.cloud.run.v2.Service", name: "s" },
    metadata: { "@type": "type.googleapis.com/google.protobuf.Duration", value: "3s" },
  });
  expect(toBinary(operation, packed).length).toBeGreaterThan(20);
  expect(toProtoJson(schemas, operation, packed)).toEqual({
    name: "o",
    metadata: { "@type": "type.googleapis.com/google.protobuf.Duration", value: "3s" },
    response: { "@type": "type.googleapis.com/google.cloud.run.v2.Service", name: "s" },
  });
});

test("json: random texts are read or refused, never a crash", () => {
  const pieces = [
    "{",
    "}",
    "[",
    "]",
    '"a"',
    ":",
    ",",
    "1",
    "-",
    "null",
    "true",
    "'",
    "\\u12",
    "1e999",
    "name",
    " ",
    "é",
    "9".repeat(20),
  ];
  let seed = 7;
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  for (let round = 0; round < 3000; round++) {
    const text = Array.from({ length: 1 + random() * 12 }, () => pieces[Math.floor(random() * pieces.length)]).join("");
    try {
      read(secret, text);
    } catch (thrown) {
      expect(thrown, text).toBeInstanceOf(RpcError);
    }
  }
});
