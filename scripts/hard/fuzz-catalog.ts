import { startCloud } from "../../packages/cloud/src/cloud.ts";
import { services } from "../../packages/cloud/src/services/index.ts";
import { httpBindings } from "../../packages/cloud/src/wire/http-rules.ts";
import { createSchemas, type SchemaSet } from "../../packages/cloud/src/wire/schemas.ts";
import type { MessageType } from "./fuzz-values.ts";

/** A method that a descriptor defines. */
export interface RpcTarget {
  readonly path: string;
  readonly api: string;
  readonly input: MessageType;
  readonly isStream: boolean;
  readonly rules: readonly { readonly verb: string; readonly template: string; readonly body: string }[];
}

/** A method that has no descriptor. */
export interface RestTarget {
  readonly api: string;
  readonly verb: string;
  readonly path: string;
}

export interface Catalog {
  readonly schemas: SchemaSet;
  readonly rpc: readonly RpcTarget[];
  readonly rest: readonly RestTarget[];
  readonly apis: readonly string[];
}

/** What can be called, from the descriptors and from what the services say of themselves. */
export async function readCatalog(): Promise<Catalog> {
  await using cloud = await startCloud({ log: () => undefined });
  const schemas = createSchemas();
  const rpc: RpcTarget[] = [];
  const rest: RestTarget[] = [];
  for (const service of services) {
    const parts = await service.create(cloud.host);
    for (const each of [...(parts.rest ?? []), ...(parts.raw ?? [])]) {
      rest.push({ api: service.api, verb: each.verb, path: each.path });
    }
    for (const { typeName } of parts.rpc ?? []) {
      for (const method of schemas.service(typeName)?.methods ?? []) {
        rpc.push({
          path: `/${typeName}/${method.name}`,
          api: service.api,
          input: method.input,
          isStream: method.methodKind !== "unary",
          rules: httpBindings(schemas, method),
        });
      }
    }
  }
  if (rpc.length === 0 || rest.length === 0) throw new Error("the catalogue of methods is empty");
  return { schemas, rpc, rest, apis: services.map(({ api }) => api) };
}
