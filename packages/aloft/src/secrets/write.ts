import { Failure } from "@aloft/kit/failure";
import type { Redacted } from "@aloft/kit/redaction";
import type { Address } from "../app/graph.ts";
import type { DeclaredSecret } from "./declared.ts";
import { isDenied, type LiveSecret, largestBytes, type SecretManager } from "./manager.ts";

/** What became of one secret; with `dryRun`, what would. */
export interface Written {
  readonly secret: string;
  readonly state: "added" | "unchanged";
  /** The version that holds the value now; absent in a dry run that would add one. */
  readonly version?: string;
  /** The secret itself was made too. */
  readonly created: boolean;
  readonly users: readonly Address[];
}

export interface WriteOptions {
  readonly labels: Readonly<Record<string, string>>;
  /** Adds a version though the value is the same. */
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

/** Makes the secret where it is missing, and adds a version where the value differs from the newest one. */
export async function writeSecret(
  secret: DeclaredSecret,
  value: Redacted<Uint8Array>,
  manager: SecretManager,
  options: WriteOptions,
): Promise<Written> {
  const { id, users } = secret;
  checkSize(id, value);
  const live = await manager.find(id);
  if (live !== undefined) refuseForeign(live, options.labels);
  if (live !== undefined && options.force !== true) {
    // Who may add a version may not always read one: then the value counts as new.
    const newest = await manager.newest(id).catch((error: unknown) => {
      if (isDenied(error)) return undefined;
      throw error;
    });
    if (newest !== undefined && Buffer.compare(newest.value.reveal(), value.reveal()) === 0) {
      return { secret: id, state: "unchanged", version: newest.version, created: false, users };
    }
  }
  if (options.dryRun === true) return { secret: id, state: "added", created: false, users };
  const created = live === undefined && (await manager.create(id, options.labels));
  return { secret: id, state: "added", version: await manager.add(id, value), created, users };
}

/** A secret of this id that belongs to another app or environment is never written. */
function refuseForeign(live: LiveSecret, own: WriteOptions["labels"]): void {
  const theirs = ["aloft-app", "aloft-env"].some(
    (name) => live.labels[name] !== undefined && live.labels[name] !== own[name],
  );
  if (!theirs) return;
  throw new Failure({
    code: "CONFIG_INVALID",
    what: `the secret ${live.id} belongs to ${live.labels["aloft-app"]} (${live.labels["aloft-env"]})`,
    next: `give it another id in the file: secrets({ ${live.id}: "another-id" })`,
  });
}

/** Throws `Failure` INPUT_INVALID for a value that Secret Manager or a service could not hold. */
export function checkSize(id: string, value: Redacted<Uint8Array>): void {
  const bytes = value.reveal().byteLength;
  if (bytes > 0 && bytes <= largestBytes) return;
  throw new Failure({
    code: "INPUT_INVALID",
    what: bytes === 0 ? `the value for ${id} is empty` : `the value for ${id} has ${bytes} bytes`,
    why: bytes === 0 ? "An empty value is never meant." : `Secret Manager holds ${largestBytes} bytes at most.`,
    next:
      bytes === 0 ? `aloft secrets set ${id} < FILE` : "keep the file in a bucket, and its name or key in the secret",
  });
}
