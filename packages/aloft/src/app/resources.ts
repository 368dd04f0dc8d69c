import { resolve } from "node:path";
import type { SecretRef } from "./app.ts";
import type { Declared, DeclaredService } from "./declare.ts";
import { type Address, isRef, type Ref, type Resource } from "./graph.ts";
import type * as specs from "./specs.ts";

const apis: Address = "api/services";
const repository: Address = "repository/images";

interface Placement {
  readonly app: string;
  readonly project: string;
  readonly folder: string;
  /** The repository's id in Artifact Registry. */
  readonly repositoryId: string;
}

/** Addresses of all references in a value, at any depth. */
function refsIn(value: unknown): Address[] {
  if (isRef(value)) return [value.$ref];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(refsIn);
}

function resource<Spec>(address: Address, id: string, spec: Spec, needs: readonly Address[] = [apis]): Resource<Spec> {
  const kind = address.slice(0, address.indexOf("/"));
  return { address, kind, id, spec, needs: [...new Set([...needs, ...refsIn(spec)])] };
}

/** An image that Google's registry can resolve: with a tag (or none), in Artifact Registry. */
const resolvable = (image: string): boolean =>
  /^[a-z0-9-]+-docker\.pkg\.dev\//.test(image) && !image.includes("@sha256:");

/** Spreads what the file says into one resource each for the kinds, with what each needs. */
export function resourcesOf(declared: Declared, placement: Placement): readonly Resource[] {
  const made = new Map<Address, Resource>();
  const add = (one: Resource): Address => {
    made.set(one.address, one);
    return one.address;
  };
  const { app } = placement;

  for (const { name, id, spec } of declared.redis) add(resource<specs.RedisSpec>(`redis/${name}`, id, spec));

  /** The secret behind a variable: its id, its version, and the resource that holds it. */
  const secretOf = (ref: SecretRef): specs.SecretVariable & { readonly holder: Address } => {
    const [kind = "", name = ""] = ref.$ref.split("/");
    if (kind === "redis") {
      const holder: Address = `derived-secret/${name}-${ref.output}`;
      const id = `${declared.redis.find((r) => r.name === name)?.id ?? name}-${ref.output}`;
      const from: Ref = { $ref: ref.$ref, output: ref.output };
      add(resource<specs.DerivedSecretSpec>(holder, id, { value: from }));
      return { secret: id, version: { $ref: holder, output: "version" }, holder };
    }
    const holder: Address = `secret/${name}`;
    const pin = ref.output.split(":")[1];
    const wanted = pin === undefined || (made.get(holder)?.spec as specs.SecretSpec | undefined)?.wanted === true;
    add(resource<specs.SecretSpec>(holder, name, { wanted }));
    return { secret: name, version: pin ?? { $ref: holder, output: "version" }, holder };
  };

  for (const id of declared.secrets) add(resource<specs.SecretSpec>(`secret/${id}`, id, { wanted: false }));

  const imageOf = (service: DeclaredService, index: number): specs.Value => {
    const container = service.containers[index];
    const from = container?.from;
    if (from === undefined) return "";
    if ("given" in from && !resolvable(from.given)) return from.given;
    const name = index === 0 ? service.name : `${service.name}.${container?.name ?? index}`;
    const address: Address = `image/${name}`;
    const spec: specs.ImageSpec = {
      repository: placement.repositoryId,
      from: "given" in from ? from : { ...from, entry: resolve(placement.folder, from.entry) },
    };
    const packed = !("given" in from);
    if (packed) add(resource<specs.RepositorySpec>(repository, placement.repositoryId, {}));
    add(resource(address, name.replace(".", "-"), spec, packed ? [apis, repository] : [apis]));
    return { $ref: address, output: "image" };
  };

  for (const service of declared.services) {
    const account: Address = `service-account/${service.name}`;
    const own = service.serviceAccount === undefined;
    if (own)
      add(resource<specs.ServiceAccountSpec>(account, service.account, { displayName: `${app} ${service.name}` }));
    const email: specs.Value = service.serviceAccount ?? { $ref: account, output: "email" };
    const needs: Address[] = [apis];
    const containers = service.containers.map((container, index): specs.ContainerSpec => {
      const secrets: Record<string, specs.SecretVariable> = {};
      for (const [variable, ref] of Object.entries(container.secrets)) {
        const { holder, ...secret } = secretOf(ref);
        secrets[variable] = secret;
        const access: Address = `secret-access/${service.name}:${secret.secret}`;
        add(
          resource<specs.SecretAccessSpec>(
            access,
            `${service.account}:${secret.secret}`,
            { secret: secret.secret, email },
            [apis, holder],
          ),
        );
        needs.push(access, holder);
      }
      const several = service.containers.length > 1;
      const name = container.name ?? (several ? service.name : undefined);
      return {
        ...container.spec,
        ...(name === undefined ? {} : { name }),
        ...(container.dependsOn === undefined ? {} : { dependsOn: container.dependsOn }),
        image: imageOf(service, index),
        secrets,
      };
    });
    const redis = declared.redis.find(({ name }) => uses(service, `redis/${name}`));
    const vpc = service.vpc ?? (redis === undefined ? undefined : directEgress(redis.spec.network));
    const spec: specs.ServiceSpec = {
      ...service.spec,
      serviceAccount: email,
      ...(vpc === undefined ? {} : { vpc }),
      containers,
    };
    const address = add(resource(`service/${service.name}`, service.id, spec, needs));
    if (service.invokers.length > 0) {
      add(
        resource<specs.InvokerSpec>(
          `invoker/${service.name}`,
          service.id,
          { service: service.id, members: service.invokers },
          [apis, address],
        ),
      );
    }
  }
  return [
    resource<specs.ApiSpec>(apis, placement.project, { services: neededApis([...made.values()]) }, []),
    ...made.values(),
  ];
}

const uses = (service: DeclaredService, address: Address): boolean =>
  service.containers.some((container) => refsIn([container.spec.env, container.secrets]).includes(address));

const directEgress = (network: string): specs.VpcSpec => ({
  network,
  subnetwork: network,
  egress: "PRIVATE_RANGES_ONLY",
});

const apisOfKind: Readonly<Record<string, readonly string[]>> = {
  "service-account": ["iam"],
  secret: ["secretmanager"],
  "derived-secret": ["secretmanager"],
  repository: ["artifactregistry"],
  image: ["artifactregistry"],
  redis: ["redis"],
  service: ["run", "logging"],
};

function neededApis(resources: readonly Resource[]): string[] {
  const names = new Set(resources.flatMap(({ kind }) => apisOfKind[kind] ?? []));
  for (const { kind, spec } of resources) {
    const vpc = kind === "service" ? (spec as specs.ServiceSpec).vpc : undefined;
    if (vpc !== undefined) names.add(vpc.connector === undefined ? "compute" : "vpcaccess");
  }
  return [...names].map((name) => `${name}.googleapis.com`).sort();
}
