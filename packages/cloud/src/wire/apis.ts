import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "../host.ts";
import type { CloudService, ServiceParts } from "../service.ts";
import { type Api, buildApi, type ExtraRoutes, type RestRoute, type RpcEndpoint } from "./api.ts";
import { locationsOf } from "./locations-service.ts";
import type { OperationStore } from "./operations.ts";
import { operationsOf } from "./operations-service.ts";
import type { Match } from "./routes.ts";
import { RpcError } from "./rpc-error.ts";
import type { SchemaSet } from "./schemas.ts";

type Maybe<T> = T | Promise<T>;

/** The cloud's APIs. Each is made at its first call; from then on it is found without waiting. */
export interface Apis {
  readonly services: readonly CloudService[];
  /** By exact name: `run.googleapis.com`; undefined when the local cloud has no such API. */
  byName(api: string): Maybe<Api> | undefined;
  /** Names of the APIs that have this REST path, handlers first: with some, only those. Makes every API. */
  atRoot(verb: string, path: string): Promise<readonly string[]>;
  /**
   * The endpoint of a gRPC path without its first slash. `api` is the one that the authority names, if it names one: it
   * decides for what every API has (`google.longrunning.Operations`). Undefined when nobody has the method.
   */
  endpoint(path: string, api: string | undefined, operation?: string): Maybe<RpcEndpoint | undefined>;
}

/** Services that many APIs have, under one gRPC path. */
const everywhere = /^google\.(longrunning\.Operations|cloud\.location\.Locations|iam\.v1\.IAMPolicy)\//;

export function createApis(parts: {
  readonly services: readonly CloudService[];
  readonly host: Host;
  readonly schemas: SchemaSet;
  readonly operations: OperationStore;
}): Apis {
  const { services, host, schemas, operations } = parts;
  const byName = new Map(services.map((service) => [service.api, service]));
  const ready = new Map<string, Api>();
  const coming = new Map<string, Promise<Api>>();
  const endpoints = new Map<string, RpcEndpoint>();

  const finish = (service: CloudService, made: ServiceParts): Api => {
    const extras: ExtraRoutes[] = [
      operationsOf({
        api: service.api,
        at: made.operations,
        store: operations,
        projects: host.projects,
        schemas,
        clock: host.clock,
      }),
      ...(made.locations === undefined ? [] : [locationsOf(service.api, made.locations)]),
    ];
    const api = buildApi(schemas, service, made, extras);
    for (const [path, endpoint] of api.rpc) if (!everywhere.test(path)) endpoints.set(path, endpoint);
    ready.set(service.api, api);
    return api;
  };

  const get = (service: CloudService): Maybe<Api> => {
    const known = ready.get(service.api) ?? coming.get(service.api);
    if (known !== undefined) return known;
    const made = service.create(host);
    if (!(made instanceof Promise)) return finish(service, made);
    const promise = made.then((each) => finish(service, each)).finally(() => coming.delete(service.api));
    coming.set(service.api, promise);
    return promise;
  };

  /** APIs whose descriptors name the service, those already made first: no other is loaded for nothing. */
  const candidates = (typeName: string): CloudService[] =>
    services
      .filter((service) => ready.has(service.api) || mentions(service, typeName))
      .sort((a, b) => Number(ready.has(b.api)) - Number(ready.has(a.api)));

  const search = async (path: string): Promise<RpcEndpoint | undefined> => {
    for (const service of candidates(path.slice(0, path.indexOf("/")))) {
      const api = await get(service);
      const found = api.rpc.get(path);
      if (found !== undefined) return found;
    }
    return undefined;
  };

  return {
    services,
    byName: (name) => {
      const service = byName.get(name);
      return service === undefined ? undefined : get(service);
    },
    atRoot: async (verb, path) => {
      const owner = /\/operations\/[^/:]+$/.test(path)
        ? operations.find(host.projects.canonical(path.replace(/^\/\w+\//, "")))?.api
        : undefined;
      if (owner !== undefined) return [owner];
      const found: { readonly name: string; readonly served: boolean }[] = [];
      for (const api of await Promise.all(services.map(get))) {
        const match = findOrNone(api, verb, path);
        if (match !== undefined) found.push({ name: api.service.api, served: isServed(match.value) });
      }
      const served = found.filter((each) => each.served);
      return (served.length > 0 ? served : found).map((each) => each.name);
    },
    endpoint: (path, named, operation) => {
      const known = endpoints.get(path);
      if (known !== undefined) return known;
      if (!everywhere.test(path)) return search(path);
      const owner = operation === undefined ? undefined : operations.find(host.projects.canonical(operation))?.api;
      const service = byName.get(owner ?? named ?? "");
      if (service === undefined) {
        if (path.endsWith("/ListOperations")) {
          throw new RpcError("INVALID_ARGUMENT", "Several APIs have operations: name one in the authority.");
        }
        return search(path);
      }
      const api = get(service);
      return api instanceof Promise ? api.then((each) => each.rpc.get(path)) : api.rpc.get(path);
    },
  };
}

function findOrNone(api: Api, verb: string, path: string): Match<RestRoute> | undefined {
  try {
    return api.routes.find(verb, path);
  } catch {
    return undefined;
  }
}

const isServed = ({ endpoint }: RestRoute): boolean => endpoint.kind !== "rpc" || endpoint.method !== undefined;

const gen = join(import.meta.dirname, "../../gen");

function mentions(service: CloudService, typeName: string): boolean {
  if (service.descriptors === undefined) return false;
  const dot = typeName.lastIndexOf(".");
  const bytes = readFileSync(join(gen, `${service.descriptors}.binpb`));
  return bytes.includes(typeName.slice(0, dot)) && bytes.includes(typeName.slice(dot + 1));
}
