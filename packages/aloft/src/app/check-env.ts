import type { SecretRef, ValueRef } from "./app.ts";
import { isRef } from "./graph.ts";
import { closest, typeOf } from "./problems.ts";
import { isSecretRef, ours, type Scope } from "./scope.ts";
import type { Value } from "./specs.ts";

/** https://cloud.google.com/run/docs/container-contract#env-vars: set by Cloud Run, refused in a service. */
const reserved = /^(PORT|K_SERVICE|K_REVISION|K_CONFIGURATION|X_GOOGLE_.*|CLOUD_RUN_.*)$/;
const variable = /^[A-Za-z_][A-Za-z0-9_]*$/;

const secretName = /(^|_)(KEY|SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)$/i;
const openName = /PUBLIC|PUBLISHABLE/i;
const harmless = /^(|true|false|\d{1,6})$/;
const secretForms: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY/, "a private key"],
  [/:\/\/[^/\s@]*:[^/\s@]+@/, "an address with a password"],
  [/^sk[-_][A-Za-z0-9_-]{16,}$/, "an API key"],
  [/^AIza[A-Za-z0-9_-]{30,}$/, "a Google API key"],
  [/^(gh[pousr]|github_pat|glpat)[-_][A-Za-z0-9_]{16,}$/, "an access token"],
  [/^xox[abeprs]-/, "a Slack token"],
  [/^AKIA[A-Z0-9]{16}$/, "an AWS access key"],
  [/^AGE-SECRET-KEY-1/, "an age key"],
  [/^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+$/, "a signed token"],
];

function nameProblem(name: string): string | undefined {
  if (reserved.test(name)) return `is set by Cloud Run and refused in a service`;
  return variable.test(name) ? undefined : "is no name of a variable: letters, digits and underscores, no digit first";
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isRef(value);

function literal(
  name: string,
  value: string,
  at: string,
  scope: Scope,
  secrets: ReadonlySet<string>,
): Value | undefined {
  const toSecrets = `put it under secrets: { ${name}: secrets("${name}").${name} }, or write plain("…") when it is no secret`;
  if (secrets.has(name)) return scope.problems.add(at, "is given as plain text, and declared by secrets()", toSecrets);
  const form = secretForms.find(([pattern]) => pattern.test(value))?.[1];
  if (form !== undefined) return scope.problems.add(at, `looks like ${form} in plain text`, toSecrets);
  if (secretName.test(name) && !openName.test(name) && !harmless.test(value)) {
    return scope.problems.add(at, "is named like a secret and given as plain text", toSecrets);
  }
  return value;
}

/** The plain variables. `secrets`: the names that the file declares as secrets. Values are never shown. */
export function readEnv(given: unknown, at: string, scope: Scope, secrets: ReadonlySet<string>): Record<string, Value> {
  const { problems } = scope;
  const read: Record<string, Value> = {};
  if (given === undefined) return read;
  if (!isObject(given)) {
    problems.add(
      at,
      `is ${typeOf(given)}; allowed: an object of texts and references`,
      `for example { DEBUG: "false" }`,
    );
    return read;
  }
  for (const [name, value] of Object.entries(given)) {
    const spot = `${at}.${name}`;
    const wrong = nameProblem(name);
    if (wrong !== undefined) problems.add(spot, wrong, name === "PORT" ? "port: 8080 chooses it" : "take another name");
    else if (isSecretRef(value)) {
      problems.add(spot, `is a secret (${value.$ref}) in plain env`, `move it: secrets: { ${name}: … }`);
    } else if (isRef(value)) {
      if (ours(value, scope, spot)) read[name] = { $ref: value.$ref, output: (value as ValueRef).output };
    } else if (isObject(value) && typeof value.$plain === "string") read[name] = value.$plain;
    else if (typeof value === "string") {
      const text = literal(name, value, spot, scope, secrets);
      if (text !== undefined) read[name] = text;
    } else {
      const hint = ["number", "boolean"].includes(typeof value) ? `${name}: "${value}"` : `${name}: "text"`;
      problems.add(spot, `is ${typeOf(value)}; allowed: a text, or a reference like api.url`, `for example ${hint}`);
    }
  }
  return read;
}

/** The secret variables, as the references that the file gave. */
export function readSecrets(
  given: unknown,
  at: string,
  scope: Scope,
  known: Iterable<string>,
): Record<string, SecretRef> {
  const { problems } = scope;
  const read: Record<string, SecretRef> = {};
  if (given === undefined) return read;
  if (!isObject(given)) {
    problems.add(at, `is ${typeOf(given)}; allowed: an object of secrets`, `for example secrets("GEMINI_API_KEY")`);
    return read;
  }
  for (const [name, value] of Object.entries(given)) {
    const spot = `${at}.${name}`;
    const wrong = nameProblem(name);
    if (wrong !== undefined) problems.add(spot, wrong, name === "PORT" ? "port: 8080 chooses it" : "take another name");
    else if (isSecretRef(value)) {
      if (ours(value, scope, spot)) read[name] = value;
    } else if (isRef(value)) {
      problems.add(spot, `is a plain value (${value.$ref} ${value.output})`, `move it: env: { ${name}: … }`);
    } else {
      const meant = value === undefined ? closest(name, known) : undefined;
      problems.add(
        spot,
        `is ${typeOf(value)}; allowed: what secrets() gives, or a Redis's url${meant === undefined ? "" : `; did you mean ${meant}?`}`,
        typeof value === "string"
          ? `secrets("${name}"), its value by: aloft secrets set ${name}`
          : `secrets("${name}").${name}`,
      );
    }
  }
  return read;
}
