import { RpcError } from "../../wire/rpc-error.ts";
import type { EnvVar, RevisionSpec } from "../machines.ts";
import type { SecretReader } from "../ports.ts";
import { RevisionProblem } from "../problem.ts";
import { words } from "../words.ts";

/** Versions of one instance, each read once: containers that share one see the same value. */
export interface ResolvedEnv {
  of(env: readonly EnvVar[]): Readonly<Record<string, string>>;
  /** All values, to be kept out of messages. */
  readonly values: readonly string[];
}

/**
 * Reads the secrets that a revision's containers name, now, as its identity. Throws `RevisionProblem`
 * SecretsAccessCheckFailed, in Cloud Run's words, for the first that it may not read or that is not there.
 */
export async function resolveSecrets(spec: RevisionSpec, read: SecretReader): Promise<ResolvedEnv> {
  const nameOf = (secret: string, version: string): string =>
    `${secret.startsWith("projects/") ? secret : `projects/${spec.project}/secrets/${secret}`}/versions/${version}`;
  const wanted = new Set<string>();
  for (const variable of spec.containers.flatMap((container) => container.env)) {
    if (!("value" in variable)) wanted.add(nameOf(variable.secret, variable.version));
  }
  const readOne = async (name: string): Promise<readonly [string, string]> => [
    name,
    new TextDecoder().decode(await readSecret(spec, read, name)),
  ];
  const found = new Map(await Promise.all([...wanted].map(readOne)));
  return {
    of: (env) =>
      Object.fromEntries(
        env.map((variable) => [
          variable.name,
          "value" in variable ? variable.value : (found.get(nameOf(variable.secret, variable.version)) as string),
        ]),
      ),
    values: [...found.values()],
  };
}

/** A version's data, read as the revision's identity. Throws `RevisionProblem` SecretsAccessCheckFailed. */
export async function readSecret(
  spec: Pick<RevisionSpec, "project" | "projectNumber" | "serviceAccount">,
  read: SecretReader,
  version: string,
): Promise<Uint8Array> {
  const shown = version.replace(`projects/${spec.project}/`, `projects/${spec.projectNumber}/`);
  try {
    return await read(version, { kind: "serviceAccount", email: spec.serviceAccount });
  } catch (thrown) {
    if (!(thrown instanceof RpcError)) throw thrown;
    const text =
      thrown.code === "PERMISSION_DENIED"
        ? words.secretDenied(shown, spec.serviceAccount)
        : thrown.code === "NOT_FOUND"
          ? words.secretMissing(shown)
          : `Secret ${shown}: ${thrown.message}`;
    throw new RevisionProblem("SecretsAccessCheckFailed", text, thrown);
  }
}
