import { Failure } from "@aloft/kit/failure";
import { type Address, type Graph, isRef, type Resource } from "../app/graph.ts";
import type { DerivedSecretSpec, ServiceSpec } from "../app/specs.ts";
import { nearest } from "../commands/suggest.ts";

/** A secret of the file, and who reads it. */
export interface DeclaredSecret {
  /** The name in Secret Manager. */
  readonly id: string;
  readonly address: Address;
  /** Its value comes from another resource (`redis/queue`), never from a person. */
  readonly derivedFrom: Address | undefined;
  /** Environment variables that it fills. */
  readonly variables: readonly string[];
  /** Addresses of the services that read it. */
  readonly users: readonly Address[];
}

export function declaredSecrets(graph: Graph): DeclaredSecret[] {
  const reads = graph.resources.filter((one) => one.kind === "service").flatMap(readsOf);
  return graph.resources
    .filter((one) => one.kind === "secret" || one.kind === "derived-secret")
    .map((one) => {
      const mine = reads.filter(({ secret }) => secret === one.id);
      return {
        id: one.id,
        address: one.address,
        derivedFrom: one.kind === "secret" ? undefined : (sourceOf(one) ?? one.address),
        variables: unique(mine.map(({ variable }) => variable)),
        users: unique(mine.map(({ user }) => user)),
      };
    });
}

function readsOf(service: Resource): { variable: string; secret: string; user: Address }[] {
  return (service.spec as ServiceSpec).containers.flatMap((container) =>
    Object.entries(container.secrets).map(([variable, { secret }]) => ({ variable, secret, user: service.address })),
  );
}

function sourceOf(derived: Resource): Address | undefined {
  const { value } = derived.spec as DerivedSecretSpec;
  return isRef(value) ? value.$ref : undefined;
}

const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];

/** The declared secret of this name, variable or id. Throws `Failure` SECRET_NOT_FOUND, INPUT_INVALID. */
export function settable(name: string, declared: readonly DeclaredSecret[]): DeclaredSecret {
  const found = findDeclared(name, declared);
  if (found === undefined) {
    const meant = nearest(name, [...declared.map(({ id }) => id), ...declared.flatMap(({ variables }) => variables)]);
    throw new Failure({
      code: "SECRET_NOT_FOUND",
      what: `the file declares no secret ${name}`,
      why: "A secret that no service names would be read by nobody.",
      next: meant === undefined ? `add "${name}" to secrets(…) in aloft.config.ts` : `did you mean: ${meant}`,
    });
  }
  if (found.derivedFrom !== undefined) {
    throw new Failure({
      code: "INPUT_INVALID",
      what: `${name} gets its value from ${found.derivedFrom}`,
      why: "aloft up writes it; a value set by hand would be overwritten.",
      next: "aloft up",
    });
  }
  return found;
}

export function findDeclared(name: string, declared: readonly DeclaredSecret[]): DeclaredSecret | undefined {
  return (
    declared.find(({ id, address }) => id === name || address === `secret/${name}`) ??
    declared.find(({ variables }) => variables.includes(name))
  );
}
