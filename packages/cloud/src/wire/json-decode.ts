import { create, type DescField, type DescMessage, fromJson, type Message, toBinary } from "@bufbuild/protobuf";
import { isWrapperDesc, ListValueSchema, StructSchema, ValueSchema } from "@bufbuild/protobuf/wkt";
import { scalarFrom, scalarTypeName } from "./json-scalar.ts";
import { BigNumber, type JsonIn, maxDepth, tooDeep } from "./json-text.ts";
import { parseDurationText, parseMask, parseTime } from "./json-wkt.ts";
import { RpcError } from "./rpc-error.ts";

export interface Violation {
  /** Where, in proto names: `secret.topics[0]`; absent at the request itself. */
  readonly field?: string;
  readonly description: string;
}

type Fields = { [name: string]: unknown };

/** All that is wrong with a request, told in one INVALID_ARGUMENT as Google does. */
export class Violations {
  readonly #list: Violation[] = [];

  get any(): boolean {
    return this.#list.length > 0;
  }

  unknown(name: string, at: string, why: string): void {
    const where = at === "" ? "" : ` at '${at}'`;
    this.add(at, `Invalid JSON payload received. Unknown name ${JSON.stringify(name)}${where}: ${why}`);
  }

  invalid(at: string, type: string, value: string): void {
    this.add(at, `Invalid value at '${at}' (${type}), ${value}`);
  }

  add(at: string, description: string): void {
    this.#list.push(at === "" ? { description } : { field: at, description });
  }

  error(): RpcError {
    return new RpcError("INVALID_ARGUMENT", this.#list.map((each) => each.description).join("\n"), [
      {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        fieldViolations: this.#list.map((each) => ({ ...each })),
      },
    ]);
  }

  throwIfAny(): void {
    if (this.any) throw this.error();
  }
}

const names = new WeakMap<DescMessage, Map<string, DescField>>();

/** The field of a JSON or proto name. */
export function fieldOf(schema: DescMessage, name: string): DescField | undefined {
  let map = names.get(schema);
  if (map === undefined) {
    map = new Map();
    for (const field of schema.fields) map.set(field.name, field).set(field.jsonName, field);
    names.set(schema, map);
  }
  return map.get(name);
}

/** Reads proto3 JSON into messages; what is wrong goes to `violations`, reading goes on. */
export class JsonDecoder {
  readonly #violations: Violations;
  readonly #find: (typeName: string) => DescMessage | undefined;

  constructor(violations: Violations, find: (typeName: string) => DescMessage | undefined) {
    this.#violations = violations;
    this.#find = find;
  }

  /** Sets the fields of `value` on `message`; `at` is where it stands in the request. */
  into(schema: DescMessage, message: Message, value: JsonIn, at: string, depth = 0): void {
    if (value === null) return;
    if (typeof value !== "object" || Array.isArray(value) || value instanceof BigNumber) {
      if (at === "") this.#violations.add("", "Invalid JSON payload received. Root element must be a message.");
      else this.#violations.invalid(at, `type.googleapis.com/${schema.typeName}`, show(value));
      return;
    }
    const fields = message as unknown as Fields;
    for (const [name, each] of Object.entries(value)) {
      const field = fieldOf(schema, name);
      if (field === undefined) {
        this.#violations.unknown(name, at, "Cannot find field.");
        continue;
      }
      if (depth >= maxDepth) throw tooDeep(name);
      this.field(field, fields, each, at, depth + 1);
    }
  }

  field(field: DescField, fields: Fields, value: JsonIn, parent: string, depth: number): void {
    if (value === null && !takesNull(field)) return;
    const at = parent === "" ? field.name : `${parent}.${field.name}`;
    if (field.fieldKind === "list") {
      const list = (Array.isArray(value) ? value : [value]) as JsonIn[];
      const target = fields[field.localName] as unknown[];
      const base = target.length;
      list.forEach((each, index) => {
        if (Array.isArray(each) && field.message?.typeName !== "google.protobuf.ListValue" && !isDynamic(field)) {
          return this.#violations.unknown(field.jsonName, parent, "Proto field is not repeating, cannot start list.");
        }
        if (each === null && !isDynamic(field)) return;
        const item = this.#single(field, each, `${at}[${base + index}]`, depth);
        if (item !== undefined) target.push(item);
      });
      return;
    }
    if (field.fieldKind === "map") {
      if (typeof value !== "object" || Array.isArray(value) || value === null || value instanceof BigNumber) {
        return this.#violations.invalid(at, "Map", show(value));
      }
      const target = fields[field.localName] as Fields;
      Object.entries(value).forEach(([key, each], index) => {
        const checked = scalarFrom(field.mapKey, key);
        if (checked === undefined) {
          return this.#violations.invalid(`${at}[${index}].key`, scalarTypeName(field.mapKey), show(key));
        }
        const item =
          each === null && !isDynamic(field) ? undefined : this.#single(field, each, `${at}[${index}].value`, depth);
        if (item !== undefined) {
          Object.defineProperty(target, String(checked), {
            value: item,
            enumerable: true,
            configurable: true,
            writable: true,
          });
        }
      });
      return;
    }
    if (Array.isArray(value) && !isDynamic(field) && field.message?.typeName !== "google.protobuf.ListValue") {
      return this.#violations.unknown(field.jsonName, parent, "Proto field is not repeating, cannot start list.");
    }
    if (field.oneof === undefined) {
      const decoded = this.#single(field, value, at, depth, fields[field.localName] as Message | undefined);
      if (decoded !== undefined) fields[field.localName] = decoded;
      return;
    }
    const chosen = fields[field.oneof.localName] as { case?: string; value?: unknown };
    if (chosen.case !== undefined && chosen.case !== field.localName) {
      const text = `oneof field '${field.oneof.name}' is already set. Cannot set '${field.jsonName}'`;
      return this.#violations.invalid(parent, "oneof", text);
    }
    const decoded = this.#single(field, value, at, depth, chosen.value as Message | undefined);
    if (decoded !== undefined) fields[field.oneof.localName] = { case: field.localName, value: decoded };
  }

  /** One value of a field, item of a list or value of a map; undefined when it was wrong and has been told. */
  #single(field: DescField, value: JsonIn, at: string, depth: number, present?: Message): unknown {
    if (field.message !== undefined) return this.#message(field, field.message, value, at, depth, present);
    if (field.enum !== undefined) {
      const desc = field.enum;
      if (desc.typeName === "google.protobuf.NullValue") return 0;
      if (typeof value === "string") {
        const normal = value.toUpperCase().replaceAll("-", "_");
        const known =
          desc.values.find((each) => each.name === value) ??
          desc.values.find((each) => each.name === normal || String(each.number) === value);
        if (known !== undefined) return known.number;
      } else if (typeof value === "number" && Number.isInteger(value) && Math.abs(value) < 2 ** 31) return value;
      return this.#violations.invalid(at, `type.googleapis.com/${desc.typeName}`, show(value));
    }
    const scalar = field.scalar;
    if (scalar === undefined) return undefined;
    if (typeof value === "object" && !(value instanceof BigNumber)) {
      const name = at.slice(at.lastIndexOf(".") + 1);
      return this.#violations.unknown(
        name,
        at.slice(0, Math.max(0, at.lastIndexOf("."))),
        "Starting an object on a scalar field",
      );
    }
    const decoded = scalarFrom(scalar, value);
    if (decoded !== undefined) return decoded;
    // The payload of a bytes field may be a secret: it is not said again.
    const shown = scalar === 12 && typeof value === "string" ? "Base64 decoding failed" : show(value);
    return this.#violations.invalid(at, scalarTypeName(scalar), shown);
  }

  #message(
    field: DescField,
    schema: DescMessage,
    value: JsonIn,
    at: string,
    depth: number,
    present?: Message,
  ): unknown {
    const singular = field.fieldKind === "message" && field.oneof === undefined;
    if (isWrapperDesc(schema)) {
      const scalar = schema.fields[0]?.scalar;
      const inner = scalar === undefined ? undefined : scalarFrom(scalar, value as never);
      if (inner === undefined)
        return this.#violations.invalid(at, `type.googleapis.com/${schema.typeName}`, show(value));
      return singular ? inner : create(schema, { value: inner } as never);
    }
    if (schema.typeName === "google.protobuf.Struct") {
      if (isPlainObject(value)) return plain(value, depth);
      return this.#violations.invalid(at, `type.googleapis.com/${schema.typeName}`, show(value));
    }
    const special = this.special(schema, value, at, depth);
    if (special !== undefined) return special.value;
    const message = present ?? create(schema);
    const before = this.#violations;
    this.into(schema, message, value, at, depth);
    return before === this.#violations ? message : undefined;
  }

  /** A well-known type with a JSON of its own; undefined for every other. `value` undefined: it was wrong. */
  special(schema: DescMessage, value: JsonIn, at: string, depth: number): { value: Message | undefined } | undefined {
    const wrong = (why: string): { value: undefined } => {
      this.#violations.invalid(at, `type.googleapis.com/${schema.typeName}`, why);
      return { value: undefined };
    };
    const last =
      at
        .replace(/\[\d+\](\.value)?$/, "")
        .split(".")
        .at(-1) ?? "";
    const named = last.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    switch (schema.typeName) {
      case "google.protobuf.Timestamp": {
        if (typeof value !== "string") return wrong(show(value));
        const time = parseTime(value);
        if (time !== undefined) return { value: create(schema, { ...time } as never) };
        const zoned = /([Zz]|[+-]\d\d:\d\d)$/.test(value);
        return wrong(
          zoned
            ? `Field '${named}', Invalid time format: ${value}`
            : `Field '${named}', Illegal timestamp format; timestamps must end with 'Z' or have a valid timezone offset.`,
        );
      }
      case "google.protobuf.Duration": {
        if (typeof value !== "string") return wrong(show(value));
        const duration = parseDurationText(value);
        if (duration !== undefined) return { value: create(schema, { ...duration } as never) };
        return wrong(
          value.endsWith("s")
            ? `Field '${named}', Invalid duration format, failed to parse seconds`
            : `Field '${named}', Illegal duration format; duration must end with 's'`,
        );
      }
      case "google.protobuf.FieldMask":
        return typeof value === "string"
          ? { value: create(schema, { paths: parseMask(value) } as never) }
          : isPlainObject(value)
            ? undefined
            : wrong(show(value));
      case "google.protobuf.Struct":
        return isPlainObject(value)
          ? { value: fromJson(StructSchema, plain(value, depth) as never) }
          : wrong(show(value));
      case "google.protobuf.Value":
        return { value: fromJson(ValueSchema, plain(value, depth) as never) };
      case "google.protobuf.ListValue":
        return Array.isArray(value)
          ? { value: fromJson(ListValueSchema, plain(value, depth) as never) }
          : wrong(show(value));
      case "google.protobuf.Any":
        return this.#any(schema, value, at, depth, wrong);
      default:
        return undefined;
    }
  }

  #any(
    schema: DescMessage,
    value: JsonIn,
    at: string,
    depth: number,
    wrong: (why: string) => { value: undefined },
  ): { value: Message | undefined } {
    if (!isPlainObject(value)) return wrong(show(value));
    const { "@type": typeUrl, ...rest } = value;
    if (typeUrl === undefined) {
      return Object.keys(rest).length === 0 ? { value: create(schema) } : wrong("Missing @type for any field");
    }
    const url = typeof typeUrl === "string" ? typeUrl : "";
    const inner = url.includes("/") ? this.#find(url.slice(url.lastIndexOf("/") + 1)) : undefined;
    if (inner === undefined) return wrong(`Invalid type URL, unknown type: ${url.slice(url.lastIndexOf("/") + 1)}`);
    if (depth >= maxDepth) throw tooDeep("@type");
    const special = "value" in rest ? this.special(inner, rest.value ?? null, `${at}.value`, depth + 1) : undefined;
    const message = special === undefined ? create(inner) : special.value;
    if (message === undefined) return { value: undefined };
    if (special === undefined) this.into(inner, message, rest, at, depth + 1);
    return { value: create(schema, { typeUrl: url, value: toBinary(inner, message) } as never) };
  }
}

function isPlainObject(value: JsonIn | undefined): value is { [key: string]: JsonIn } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof BigNumber);
}

function isDynamic(field: DescField): boolean {
  return field.message?.typeName === "google.protobuf.Value";
}

function takesNull(field: DescField): boolean {
  return isDynamic(field) || field.enum?.typeName === "google.protobuf.NullValue";
}

/** Free JSON, with long numbers as doubles; throws when it is too deep. */
function plain(value: JsonIn, depth: number, key = ""): unknown {
  if (value instanceof BigNumber) return Number(value.source);
  if (typeof value !== "object" || value === null) return value;
  if (depth > maxDepth) throw tooDeep(key);
  if (Array.isArray(value)) return value.map((each) => plain(each, depth + 1, key));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each, depth + 1, name)]));
}

function show(value: JsonIn): string {
  if (value instanceof BigNumber) return value.source;
  return typeof value === "object" && value !== null
    ? Array.isArray(value)
      ? "list"
      : "object"
    : JSON.stringify(value);
}
