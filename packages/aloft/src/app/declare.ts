import { messageOf } from "@aloft/kit/failure";
import type { App, Builder, Env, RedisHandle, SecretRef, Secrets, ServiceHandle } from "./app.ts";
import { checkRedis } from "./check-redis.ts";
import { type CheckedService, checkService } from "./check-service.ts";
import { isRef } from "./graph.ts";
import { accountId, redisId, secretId, serviceId } from "./names.ts";
import { type Problems, shown } from "./problems.ts";
import { isSecretRef, ours, type Scope, secretRef, valueRef } from "./scope.ts";
import type { RedisSpec } from "./specs.ts";

/** What one run of the file's function declared, checked, before it is spread into resources. */
export interface Declared {
  /** Ids of secrets. */
  readonly secrets: ReadonlySet<string>;
  readonly redis: readonly { readonly name: string; readonly id: string; readonly spec: RedisSpec }[];
  readonly services: readonly DeclaredService[];
  readonly outputs: Readonly<Record<string, unknown>>;
}

export interface DeclaredService extends Omit<CheckedService, "id"> {
  readonly name: string;
  readonly id: string;
  readonly account: string;
}

/** A pinned version rides in the reference: `version:3`. */
export const versionOutput = (pin: number | "latest" | undefined): string =>
  pin === undefined ? "version" : `version:${pin}`;

/** Runs the file's function once and notes all that is wrong with what it says. */
export function declare(app: App, env: Env, file: string, problems: Problems): Declared {
  const scope: Scope = { app: app.name, env: env.name, problems };
  const secretIds = new Set<string>();
  const variables = new Set<string>();
  const redis: { name: string; id: string; spec: RedisSpec }[] = [];
  const services: DeclaredService[] = [];
  const taken = new Map<string, string>();

  /** One name and one cloud id for each resource of a kind. */
  const claim = (kind: string, name: string, id: string, at: string): void => {
    const keys = [`${kind} named ${name}`, `${kind} with the id ${id}`];
    const twice = keys.find((key) => taken.has(key));
    if (twice !== undefined)
      problems.add(at, `there are two: ${taken.get(twice)} is a ${twice} too`, "give each a name of its own");
    for (const key of keys) taken.set(key, at);
  };

  const oneSecret = (variable: string, id: unknown, pin: unknown): SecretRef | undefined => {
    const at = `secrets.${variable}`;
    const read = secretId(id, at, problems);
    if (read === undefined) return undefined;
    const pinned =
      pin === undefined || pin === "latest" || (typeof pin === "number" && Number.isInteger(pin) && pin > 0);
    if (!pinned)
      return problems.add(
        `${at}.version`,
        `is ${shown(pin)}; allowed: a version's number, or "latest"`,
        "leave it out",
      );
    secretIds.add(read);
    variables.add(variable);
    return secretRef(scope, `secret/${read}`, versionOutput(pin as number | "latest" | undefined));
  };

  const secrets = ((...given: unknown[]): Readonly<Record<string, SecretRef>> => {
    const [map] = given;
    const named: (readonly [string, unknown, unknown])[] =
      given.length === 1 && typeof map === "object" && map !== null
        ? Object.entries(map).map(([variable, source]: [string, unknown]) => {
            const full =
              typeof source === "object" && source !== null ? (source as Record<string, unknown>) : { id: source };
            return [variable, full.id, full.version] as const;
          })
        : given.map((name) => [String(name), name, undefined] as const);
    const made = named.map(([variable, id, pin]) => [variable, oneSecret(variable, id, pin)] as const);
    return Object.freeze(Object.fromEntries(made.filter(([, ref]) => ref !== undefined))) as Record<string, SecretRef>;
  }) as unknown as Secrets;

  const declareService = (kind: "service" | "worker", name: string, options: unknown): ServiceHandle => {
    const at = `${kind}s.${String(name)}`;
    serviceId(name, at, problems);
    const { id: given, ...checked } = checkService(options, at, scope, kind, variables);
    const id = given ?? `${app.name}-${name}`;
    if (given === undefined && typeof name === "string") serviceId(id, at, problems);
    claim("service", name, id, at);
    services.push({ ...checked, name, id, account: accountId(id) });
    return Object.freeze({
      name,
      address: `service/${name}` as const,
      url: valueRef(scope, `service/${name}`, "url"),
      email:
        checked.serviceAccount === undefined
          ? valueRef(scope, `service-account/${name}`, "email")
          : valueRef(scope, `service/${name}`, "email"),
    });
  };

  const builder: Builder = Object.freeze({
    env,
    secrets,
    service: (name: string, options: unknown) => declareService("service", name, options),
    worker: (name: string, options: unknown) => declareService("worker", name, options),
    redis: (name: string, options: unknown): RedisHandle => {
      const at = `redis.${String(name)}`;
      redisId(name, at, problems);
      const { id: given, spec } = checkRedis(options, at, problems);
      const id = given ?? `${app.name}-${name}`;
      if (given === undefined) redisId(id, at, problems);
      claim("redis", name, id, at);
      redis.push({ name, id, spec });
      const address = `redis/${name}` as const;
      return Object.freeze({
        name,
        address,
        url: secretRef(scope, address, "url"),
        host: valueRef(scope, address, "host"),
        port: valueRef(scope, address, "port"),
      });
    },
  });

  let returned: unknown;
  try {
    returned = app.build(builder);
  } catch (thrown) {
    problems.add(placeOf(thrown, file), `the function of defineApp throws: ${messageOf(thrown)}`);
  }
  return { secrets: secretIds, redis, services, outputs: readOutputs(returned, scope) };
}

function readOutputs(returned: unknown, scope: Scope): Record<string, unknown> {
  const { problems } = scope;
  const outputs: Record<string, unknown> = {};
  if (returned === undefined) return outputs;
  if (typeof returned !== "object" || returned === null || "then" in returned) {
    const what = typeof returned === "object" && returned !== null ? "a promise" : shown(returned);
    problems.add(
      "outputs",
      `the function of defineApp returns ${what}; allowed: nothing, or an object`,
      "return { url: api.url }",
    );
    return outputs;
  }
  for (const [name, value] of Object.entries(returned)) {
    const at = `outputs.${name}`;
    if (isSecretRef(value)) problems.add(at, "is a secret; outputs are printed", "leave it out");
    else if (isRef(value)) {
      if (ours(value, scope, at)) outputs[name] = { $ref: value.$ref, output: value.output };
    } else if (["string", "number", "boolean"].includes(typeof value)) outputs[name] = String(value);
    else problems.add(at, `is ${shown(value)}; allowed: a text or a reference`, "return { url: api.url }");
  }
  return outputs;
}

/** `aloft.config.ts:12`, from the stack of what the file threw. */
function placeOf(thrown: unknown, file: string): string {
  const name = file.split("/").at(-1) ?? file;
  const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
  const line = new RegExp(`${name.replaceAll(".", "\\.")}[^:)]*:(\\d+)`).exec(stack)?.[1];
  return line === undefined ? name : `${name}:${line}`;
}
