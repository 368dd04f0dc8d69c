import type { SchemaSet } from "../../packages/cloud/src/wire/schemas.ts";
import type { Random } from "./random.ts";

/** A message type, as the descriptors have it. */
export type MessageType = NonNullable<ReturnType<SchemaSet["find"]>>;
type Field = MessageType["fields"][number];

const deepest = 4;

/** Strings that programs stumble over, and names that lead further in. */
export function text(random: Random, project: string): string {
  const words = ["a", "default", "latest", "1", "main", "x-1", "-", "*", "us-central1", "global", "europe-west1"];
  const collections = [
    "secrets",
    "versions",
    "locations",
    "keyRings",
    "cryptoKeys",
    "services",
    "jobs",
    "repositories",
  ];
  const more = ["buckets", "serviceAccounts", "roles", "logs", "sinks", "instances", "operations", "packages"];
  const name = (): string => {
    let made = `projects/${random.pick([project, project, "-", "no-such-project", "1"])}`;
    for (let parts = random.int(4); parts > 0; parts--) {
      made += `/${random.pick([...collections, ...more])}/${random.pick(words)}`;
    }
    return made;
  };
  const strange = [
    "",
    " ",
    "\u0000",
    "%00%ff%zz",
    "../../../etc/passwd",
    "\u{1f600}\ud800",
    "é".repeat(70),
    "x".repeat(300),
    "y".repeat(70_000),
    "(".repeat(2000),
    "a AND ".repeat(500),
    "'; DROP TABLE secrets; --",
    "__proto__",
    "constructor",
    "toString",
    "-1",
    "1e999",
    "9223372036854775808",
    "2026-13-45T99:99:99Z",
    "http://127.0.0.1:1/",
    "serviceAccount:",
    "user:you@local.aloft",
    "roles/owner",
    "sha256:zz",
    "{{",
    '{"a":',
  ];
  if (random.chance(0.5)) return name();
  if (random.chance(0.5)) return random.pick(words);
  if (random.chance(0.7)) return random.pick(strange);
  return random.bytes(random.int(40)).toString(random.pick(["latin1", "utf8", "hex"]));
}

const numbers = [0, 1, -1, 2, 100, 25_001, 2 ** 31 - 1, -(2 ** 31)];
const longs = [0n, 1n, -1n, 60n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)];

/** The init of a message of this type, most fields left out; every value has its field's type. */
export function messageInit(random: Random, type: MessageType, project: string, depth = 0): Record<string, unknown> {
  const init: Record<string, unknown> = {};
  const taken = new Set<string>();
  for (const field of type.fields) {
    const wanted = depth === 0 ? 0.75 : 0.3;
    if (!random.chance(wanted)) continue;
    if (field.oneof !== undefined) {
      if (taken.has(field.oneof.name)) continue;
      taken.add(field.oneof.name);
      const value = fieldValue(random, field, project, depth);
      if (value !== undefined) init[field.oneof.localName] = { case: field.localName, value };
      continue;
    }
    const value = fieldValue(random, field, project, depth);
    if (value !== undefined) init[field.localName] = value;
  }
  return init;
}

function fieldValue(random: Random, field: Field, project: string, depth: number): unknown {
  if (field.fieldKind === "list") {
    const length = random.pick([0, 1, 1, 2, 5]);
    const items = Array.from({ length }, () => single(random, field, project, depth));
    return items.filter((item) => item !== undefined);
  }
  if (field.fieldKind === "map") {
    const entries = Array.from({ length: random.int(3) }, () => {
      const key = field.mapKey === 9 ? text(random, project).slice(0, 100) : random.pick(["0", "1"]);
      return [key, single(random, field, project, depth)] as const;
    });
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  }
  return single(random, field, project, depth);
}

function single(random: Random, field: Field, project: string, depth: number): unknown {
  if (field.message !== undefined) {
    if (field.message.typeName === "google.protobuf.FieldMask") {
      const paths = ["*", "labels", "name", "", "no_such_field", "a.b.c.d", "labels.x", "LABELS", "template"];
      const own = field.parent.fields.flatMap((each) => each.message?.fields.map(({ name }) => name) ?? []);
      return { paths: Array.from({ length: random.int(4) }, () => random.pick([...paths, ...own])) };
    }
    return depth >= deepest ? undefined : messageInit(random, field.message, project, depth + 1);
  }
  if (field.enum !== undefined) return random.pick([...field.enum.values.map(({ number }) => number), 9999, -1]);
  switch (field.scalar) {
    case 1:
    case 2:
      return random.pick([...numbers, Number.NaN, Number.POSITIVE_INFINITY, 1e308]);
    case 3:
    case 16:
    case 18:
      return random.pick(longs);
    case 4:
    case 6:
      return random.pick([0n, 1n, 2n ** 64n - 1n]);
    case 8:
      return random.chance(0.5);
    case 9:
      return text(random, project).toWellFormed();
    case 12:
      return random.bytes(random.pick([0, 1, 16, 200]));
    case 7:
    case 13:
      return random.pick([0, 1, 2 ** 32 - 1]);
    default:
      return random.pick(numbers);
  }
}

/** JSON that is not what the message wants: types swapped, things nested, names wrong. */
export function spoil(random: Random, value: unknown): unknown {
  if (random.chance(0.15)) {
    return random.pick<unknown>([null, true, -1, 1e300, "x", [], [[]], {}, { a: { b: [null] } }, "\ud800", [null]]);
  }
  if (Array.isArray(value)) return value.map((each) => spoil(random, each));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(
    ([key, each]) =>
      [
        random.chance(0.08) ? random.pick(["__proto__", key.toUpperCase(), "", "@type"]) : key,
        spoil(random, each),
      ] as const,
  );
  return Object.fromEntries(entries);
}
