import { startCloud } from "@aloft/cloud";
import type { ServiceParts } from "../../packages/cloud/src/service.ts";
import { services } from "../../packages/cloud/src/services/index.ts";
import { createSchemas } from "../../packages/cloud/src/wire/schemas.ts";
import type { Result } from "../results.ts";
import type { Door } from "../suite.ts";

/** What a door does with a method: it answered a client, it is there but none called it, or it is not. */
export type Answered = "yes" | "untried" | "no" | "none";

export interface CoveredMethod {
  /** `google.cloud.secretmanager.v1.SecretManagerService/GetSecret`, or a discovery id. */
  readonly name: string;
  readonly rest: Answered;
  readonly grpc: Answered;
}

export interface CoveredApi {
  readonly api: string;
  readonly title: string;
  readonly methods: readonly CoveredMethod[];
}

/** Every method of every API: from the descriptors where there are some, else from the list of handlers. */
export async function coverageOf(results: Readonly<Record<string, Result>>): Promise<readonly CoveredApi[]> {
  const answered = new Map<string, Set<Door>>();
  for (const { methods } of Object.values(results))
    for (const [method, doors] of Object.entries(methods))
      answered.set(method, new Set([...(answered.get(method) ?? []), ...doors]));
  const seen = (method: string, door: Door): Answered => (answered.get(method)?.has(door) ? "yes" : "untried");

  await using cloud = await startCloud({ log: () => undefined });
  const schemas = createSchemas();
  const apis: CoveredApi[] = [];
  for (const service of services) {
    if (service.api.startsWith("hello")) continue;
    const parts: ServiceParts = await service.create(cloud.host);
    const methods: CoveredMethod[] = [];
    const handlers = new Map((parts.rpc ?? []).map((each) => [each.typeName, each.methods]));
    const own = service.descriptors === undefined ? [] : schemas.load(service.descriptors);
    for (const described of own) {
      // Every API imports these; the wire serves them where an API has them.
      if (
        /^google\.(longrunning|cloud\.location|iam\.v1)\./.test(described.typeName) &&
        !handlers.has(described.typeName)
      )
        continue;
      const having = handlers.get(described.typeName);
      for (const method of described.methods) {
        const name = `${described.typeName}/${method.name}`;
        const there = having?.[method.localName] !== undefined;
        const bidi = method.methodKind === "bidi_streaming" || method.methodKind === "client_streaming";
        methods.push({
          name,
          grpc: there ? seen(name, "grpc") : "no",
          rest: bidi ? "none" : there ? seen(name, "rest") : "no",
        });
      }
    }
    for (const { id } of [...(parts.rest ?? []), ...(parts.raw ?? [])]) {
      const asRpc = id.replace(/\.(\w+)$/, "/$1");
      if (methods.some((each) => each.name === id || each.name === asRpc)) continue;
      methods.push({ name: id, grpc: "none", rest: seen(id, "rest") });
    }
    const sorted = methods.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    apis.push({ api: service.api, title: service.title, methods: sorted });
  }
  return apis.toSorted((a, b) => (a.api < b.api ? -1 : 1));
}
