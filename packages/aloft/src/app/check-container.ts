import { isAbsolute } from "node:path";
import type { SecretRef } from "./app.ts";
import { type Check, type Checked, list, text, whole, yesNo } from "./check.ts";
import { readEnv, readSecrets } from "./check-env.ts";
import { httpPath, readProbe } from "./check-probe.ts";
import { readSizes } from "./check-size.ts";
import type { Scope } from "./scope.ts";
import type { ContainerSpec, ImageSpec } from "./specs.ts";

/** Read later, with what stands beside it. */
export const later: Check<unknown> = (value) => value;

const line = text({ allowed: "a text", example: "node" });
const relative = text({
  pattern: /^[^/~].*$/,
  max: 1024,
  allowed: "a path relative to the config",
  example: "./app/api.ts",
});
const imageName = text({
  pattern: /^[a-zA-Z0-9][\w.:/-]*(@sha256:[0-9a-f]{64})?$/,
  allowed: "an image",
  example: "us-docker.pkg.dev/cloudrun/container/hello:latest",
});
const imageDigest = text({
  pattern: /^[a-zA-Z0-9][\w.:/-]*@sha256:[0-9a-f]{64}$/,
  allowed: "an image by its digest",
  example: "debian@sha256:…",
});

/** The fields that say what a container is and gets. */
export const containerShape = {
  entry: relative,
  include: list(
    text({ pattern: /^(?!\/|.*\.\.(\/|$)).+$/, allowed: "a pattern inside the folder", example: "public/**" }),
    `["public/**"]`,
  ),
  base: imageDigest,
  image: imageName,
  source: later,
  dockerfile: later,
  command: list(line, `["node", "api.js"]`),
  args: list(line, `["--verbose"]`),
  env: later,
  secrets: later,
  cpu: later,
  memory: later,
  port: whole(1, 65_535, 8080),
  http2: yesNo,
  health: httpPath,
  startup: later,
  liveness: later,
  workingDir: text({ pattern: /^\//, allowed: "an absolute path in the image", example: "/app" }),
} as const;

export type ContainerFields = Checked<typeof containerShape>;

/** A container as checked: its spec but for the image and the secrets' versions, which depend on other resources. */
export interface ReadContainer {
  readonly spec: Omit<ContainerSpec, "image" | "secrets">;
  readonly from: ImageSpec["from"] | undefined;
  readonly secrets: Readonly<Record<string, SecretRef>>;
}

/** Where the image comes from: exactly one source. */
function readSource(raw: ContainerFields, at: string, { problems }: Scope): ImageSpec["from"] | undefined {
  const named = (["entry", "image", "source", "dockerfile"] as const).filter((name) => raw[name] !== undefined);
  const [only] = named;
  if (only === undefined || named.length > 1) {
    const said = only === undefined ? "names no source" : `names ${named.join(" and ")}`;
    return problems.add(at, `${said}; it is one of entry, image`, `for example entry: "./app/api.ts"`);
  }
  if (only === "source" || only === "dockerfile") {
    return problems.add(
      `${at}.${only}`,
      "is UNIMPLEMENTED: not built yet",
      "use entry: (a TypeScript or JavaScript file) or image:",
    );
  }
  if (raw.image !== undefined) {
    if (raw.base !== undefined)
      problems.add(`${at}.base`, "stands beside image; it belongs to entry", "leave base out");
    if (raw.include !== undefined)
      problems.add(`${at}.include`, "stands beside image; it belongs to entry", "leave include out");
    return { given: raw.image };
  }
  if (raw.entry === undefined || isAbsolute(raw.entry)) return undefined;
  if (!/\.[cm]?[jt]sx?$/.test(raw.entry)) {
    return problems.add(`${at}.entry`, `is "${raw.entry}"; allowed: a TypeScript or JavaScript file`, `"./app/api.ts"`);
  }
  return {
    entry: raw.entry,
    ...(raw.include === undefined ? {} : { include: raw.include }),
    ...(raw.base === undefined ? {} : { base: raw.base }),
  };
}

export interface ContainerContext {
  readonly at: string;
  readonly scope: Scope;
  /** Gets the requests: has a port even where none is given. */
  readonly main: boolean;
  readonly cpuIdle: boolean;
  readonly startupCpuBoost: boolean;
  readonly concurrency: number;
  /** Names that the file declares as secrets. */
  readonly declared: ReadonlySet<string>;
}

export function readContainer(raw: ContainerFields, context: ContainerContext): ReadContainer {
  const { at, scope, main } = context;
  const { problems } = scope;
  const env = readEnv(raw.env, `${at}.env`, scope, context.declared);
  const secrets = readSecrets(raw.secrets, `${at}.secrets`, scope, context.declared);
  for (const name of Object.keys(secrets)) {
    if (Object.hasOwn(env, name))
      problems.add(`${at}.env.${name}`, "stands in env and in secrets", "leave it in secrets");
  }
  const sizes = readSizes(raw, at, problems, context);
  const port = raw.port ?? (main ? 8080 : undefined);
  const probe = (kind: "startup" | "liveness") => {
    const given = raw[kind] === false ? undefined : (raw[kind] ?? raw.health);
    return given === undefined ? undefined : readProbe(given, kind, `${at}.${kind}`, { port: port ?? 8080, problems });
  };
  if (raw.startup === false)
    problems.add(`${at}.startup`, "is false; Cloud Run always has a startup probe", "leave it out for TCP");
  const startup = probe("startup");
  const liveness = probe("liveness");
  return {
    from: readSource(raw, at, scope),
    secrets,
    spec: {
      ...(raw.command === undefined ? {} : { command: raw.command }),
      ...(raw.args === undefined ? {} : { args: raw.args }),
      ...(raw.workingDir === undefined ? {} : { workingDir: raw.workingDir }),
      env,
      ...sizes,
      cpuIdle: context.cpuIdle,
      startupCpuBoost: context.startupCpuBoost,
      ...(port === undefined ? {} : { port: { number: port, name: raw.http2 === true ? "h2c" : "http1" } }),
      ...(startup === undefined ? {} : { startup }),
      ...(liveness === undefined ? {} : { liveness }),
    },
  };
}
