import { ScalarType } from "@bufbuild/protobuf";
import { BigNumber } from "./json-text.ts";

const bounds: Partial<Record<ScalarType, readonly [bigint, bigint]>> = {
  [ScalarType.INT32]: [-(2n ** 31n), 2n ** 31n - 1n],
  [ScalarType.SINT32]: [-(2n ** 31n), 2n ** 31n - 1n],
  [ScalarType.SFIXED32]: [-(2n ** 31n), 2n ** 31n - 1n],
  [ScalarType.UINT32]: [0n, 2n ** 32n - 1n],
  [ScalarType.FIXED32]: [0n, 2n ** 32n - 1n],
  [ScalarType.INT64]: [-(2n ** 63n), 2n ** 63n - 1n],
  [ScalarType.SINT64]: [-(2n ** 63n), 2n ** 63n - 1n],
  [ScalarType.SFIXED64]: [-(2n ** 63n), 2n ** 63n - 1n],
  [ScalarType.UINT64]: [0n, 2n ** 64n - 1n],
  [ScalarType.FIXED64]: [0n, 2n ** 64n - 1n],
};

const wide = new Set<ScalarType>([
  ScalarType.INT64,
  ScalarType.SINT64,
  ScalarType.SFIXED64,
  ScalarType.UINT64,
  ScalarType.FIXED64,
]);

/** `TYPE_INT32`, as Google's errors name it. */
export function scalarTypeName(scalar: ScalarType): string {
  return `TYPE_${ScalarType[scalar]}`;
}

/** A JSON value as the scalar, as leniently as Google reads it; undefined when it is none. */
export function scalarFrom(
  scalar: ScalarType,
  value: null | string | number | boolean | BigNumber | object,
): string | number | bigint | boolean | Uint8Array | undefined {
  switch (scalar) {
    case ScalarType.STRING:
      return typeof value === "string" && value.isWellFormed() ? value : undefined;
    case ScalarType.BOOL:
      return value === true || value === "true" ? true : value === false || value === "false" ? false : undefined;
    case ScalarType.BYTES:
      return typeof value === "string" ? bytesFrom(value) : undefined;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return doubleFrom(value);
    default:
      return integerFrom(scalar, value);
  }
}

function bytesFrom(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) return undefined;
  const digits = text.replace(/=+$/, "");
  if (digits.length % 4 === 1) return undefined;
  return new Uint8Array(Buffer.from(digits.replaceAll("-", "+").replaceAll("_", "/"), "base64"));
}

function doubleFrom(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (value instanceof BigNumber) return Number(value.source);
  if (typeof value !== "string") return undefined;
  if (value === "NaN") return Number.NaN;
  if (value === "Infinity") return Number.POSITIVE_INFINITY;
  if (value === "-Infinity") return Number.NEGATIVE_INFINITY;
  return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value) ? Number(value) : undefined;
}

function integerFrom(scalar: ScalarType, value: unknown): number | bigint | undefined {
  const range = bounds[scalar];
  const text = value instanceof BigNumber ? value.source : value;
  let exact: bigint | undefined;
  if (typeof text === "number") exact = Number.isInteger(text) ? BigInt(text) : undefined;
  else if (typeof text === "string") {
    if (/^-?\d{1,20}$/.test(text)) exact = BigInt(text);
    else if (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) {
      const double = Number(text);
      exact = Number.isInteger(double) ? BigInt(double) : undefined;
    }
  }
  if (exact === undefined || range === undefined || exact < range[0] || exact > range[1]) return undefined;
  return wide.has(scalar) ? exact : Number(exact);
}
