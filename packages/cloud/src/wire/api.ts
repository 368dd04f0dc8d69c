import type { DescMessage, DescService } from "@bufbuild/protobuf";
import type { AnyMethod, CloudService, RawMethod, RestMethod, RpcService, ServiceParts } from "../service.ts";
import { httpBindings } from "./http-rules.ts";
import { RouteTable } from "./routes.ts";
import type { SchemaSet } from "./schemas.ts";

/** A method of a proto service, with a handler or known only by name. */
export interface RpcEndpoint {
  readonly kind: "rpc";
  readonly service: CloudService;
  /** `google.cloud.run.v2.Services.CreateService` */
  readonly id: string;
  readonly input: DescMessage;
  readonly output: DescMessage;
  readonly streams: "none" | "server" | "both";
  /** Absent: UNIMPLEMENTED. */
  readonly method?: AnyMethod;
}

export interface RestEndpoint {
  readonly kind: "rest";
  readonly service: CloudService;
  readonly id: string;
  readonly method: RestMethod;
}

/** A method that reads its request and writes its answer itself. */
export interface RawEndpoint {
  readonly kind: "raw";
  readonly service: CloudService;
  readonly id: string;
  readonly method: RawMethod;
}

export type RestRoute =
  | { readonly endpoint: RpcEndpoint; readonly body: string; readonly responseBody: string }
  | { readonly endpoint: RestEndpoint }
  | { readonly endpoint: RawEndpoint };

/** A service with its handlers, ready to be called. */
export interface Api {
  readonly service: CloudService;
  /** By gRPC path without the first slash: `google.cloud.run.v2.Services/CreateService`. */
  readonly rpc: ReadonlyMap<string, RpcEndpoint>;
  readonly routes: RouteTable<RestRoute>;
  readonly errors?: NonNullable<ServiceParts["errors"]>;
  readonly identify?: NonNullable<ServiceParts["identify"]>;
  readonly answers?: NonNullable<ServiceParts["answers"]>;
}

/** Services that many APIs import and that are not their own. */
const shared = /^google\.(longrunning|cloud\.location|iam\.v1)\./;

export interface ExtraRoutes {
  readonly rpc: RpcService;
  /** Its REST bindings by local method name, in place of the proto's own. */
  readonly bindings: Readonly<Record<string, readonly { verb: string; template: string; body: string }[]>>;
}

/**
 * Joins handlers with descriptors. Throws on a service or a handler that the descriptors do not have: a slip is seen at
 * the API's first call, not by the first client that needs it.
 */
export function buildApi(
  schemas: SchemaSet,
  service: CloudService,
  parts: ServiceParts,
  extras: readonly ExtraRoutes[] = [],
): Api {
  const rpc = new Map<string, RpcEndpoint>();
  const routes = new RouteTable<RestRoute>();
  const handlers = new Map((parts.rpc ?? []).map((each) => [each.typeName, each]));

  /** The same path in the versions that are alike. */
  const alike = (template: string): string[] => {
    const { of = "", also = [] } = parts.versions ?? {};
    return template.startsWith(`/${of}/`) ? also.map((each) => `/${each}${template.slice(of.length + 1)}`) : [];
  };

  const addMethods = (desc: DescService, methods: RpcService["methods"], extra?: ExtraRoutes): void => {
    const unknown = Object.keys(methods).filter((name) => desc.method[name] === undefined);
    if (unknown.length > 0) throw new Error(`${service.api}: ${desc.typeName} has no method ${unknown.join(", ")}`);
    for (const method of desc.methods) {
      const handler = methods[method.localName];
      const endpoint: RpcEndpoint = {
        kind: "rpc",
        service,
        id: `${desc.typeName}.${method.name}`,
        input: method.input,
        output: method.output,
        streams: method.methodKind === "unary" ? "none" : method.methodKind === "server_streaming" ? "server" : "both",
        ...(handler === undefined ? {} : { method: handler }),
      };
      rpc.set(`${desc.typeName}/${method.name}`, endpoint);
      const bindings = extra === undefined ? httpBindings(schemas, method) : (extra.bindings[method.localName] ?? []);
      for (const binding of bindings) {
        const responseBody = "responseBody" in binding ? (binding.responseBody as string) : "";
        for (const template of [binding.template, ...alike(binding.template)]) {
          routes.add(binding.verb, template, { endpoint, body: binding.body, responseBody });
        }
      }
    }
  };

  for (const method of parts.rest ?? []) {
    routes.add(method.verb, method.path, { endpoint: { kind: "rest", service, id: method.id, method } });
  }
  for (const method of parts.raw ?? []) {
    routes.add(method.verb, method.path, { endpoint: { kind: "raw", service, id: method.id, method } });
  }
  for (const extra of extras) {
    const desc = schemas.service(extra.rpc.typeName);
    if (desc === undefined) throw new Error(`no descriptor set under gen/ has the service ${extra.rpc.typeName}`);
    addMethods(desc, extra.rpc.methods, extra);
  }
  const own = service.descriptors === undefined ? [] : schemas.load(service.descriptors);
  const descs = new Map(own.filter((each) => !shared.test(each.typeName)).map((each) => [each.typeName, each]));
  for (const typeName of handlers.keys()) {
    const desc = schemas.service(typeName);
    if (desc === undefined) throw new Error(`${service.api}: no descriptor set has the service ${typeName}`);
    descs.set(typeName, desc);
  }
  for (const desc of descs.values()) addMethods(desc, handlers.get(desc.typeName)?.methods ?? {});
  return {
    service,
    rpc,
    routes,
    ...(parts.errors === undefined ? {} : { errors: parts.errors }),
    ...(parts.identify === undefined ? {} : { identify: parts.identify }),
    ...(parts.answers === undefined ? {} : { answers: parts.answers }),
  };
}
