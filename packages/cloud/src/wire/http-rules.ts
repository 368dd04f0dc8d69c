import { type DescMethod, getOption } from "@bufbuild/protobuf";
import type { GenExtension } from "@bufbuild/protobuf/codegenv2";
import type { MethodOptions } from "@bufbuild/protobuf/wkt";
import type { HttpRule } from "../../gen/types/google/api/http_pb.js";
import type { SchemaSet } from "./schemas.ts";

/** One way to call a method over REST. */
export interface HttpBinding {
  readonly verb: string;
  readonly template: string;
  /** `*`: the whole request; a field of it (proto name); empty: none. */
  readonly body: string;
  /** A field of the answer that is sent in its place; empty: the answer. */
  readonly responseBody: string;
}

/** What `google.api.http` says of the method, additional bindings included. */
export function httpBindings(schemas: SchemaSet, method: DescMethod): readonly HttpBinding[] {
  const extension = schemas.registry.getExtension("google.api.http") as
    | GenExtension<MethodOptions, HttpRule>
    | undefined;
  if (extension === undefined) return [];
  const rule = getOption(method, extension);
  return [rule, ...rule.additionalBindings].flatMap(binding);
}

function binding(rule: HttpRule): HttpBinding[] {
  const { case: kind, value } = rule.pattern;
  if (kind === undefined) return [];
  const [verb, template] = kind === "custom" ? [value.kind, value.path] : [kind.toUpperCase(), value];
  return [{ verb, template, body: rule.body, responseBody: rule.responseBody }];
}
