import type { App, AppOptions, Builder, Plain } from "./app.ts";

/**
 * Describes an app: its resources by an ordinary function that is called once an environment, without I/O. The result
 * is plain frozen data; names and fields are checked when an environment is evaluated, all problems together.
 *
 * `export default defineApp("shop", ({ service }) => { … }, { region: "us-central1", environments: { prod: { project: "shop-prod" } } });`
 */
export function defineApp<const Names extends string = never>(
  name: string,
  build: (builder: Builder<Names>) => unknown,
  options: AppOptions<Names> = {},
): App {
  return Object.freeze({
    $aloft: "app" as const,
    name,
    options: Object.freeze({ ...options }) as AppOptions,
    build: build as (builder: Builder) => unknown,
  });
}

/** Says that a literal in `env` is no secret, though its name or form looks like one. */
export function plain(value: string): Plain {
  return Object.freeze({ $plain: value });
}
