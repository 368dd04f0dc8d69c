import { RpcError } from "../../wire/rpc-error.ts";

/** A secret's place: `projects/p/secrets/s` (global) or `projects/p/locations/l/secrets/s` (regional). */
export interface SecretName {
  /** Id or number, as it was given. */
  readonly project: string;
  readonly location: string | undefined;
  readonly secret: string;
}

export interface VersionName extends SecretName {
  /** A number, `latest` or an alias. */
  readonly version: string;
}

/** Bytes; Google's own limit for one payload. */
export const maxPayloadBytes = 65_536;

const parentPattern = /^projects\/([^/]+)(?:\/locations\/([^/]+))?$/;
const secretPattern = /^projects\/([^/]+)(?:\/locations\/([^/]+))?\/secrets\/([^/]+)$/;
const versionPattern = /^projects\/([^/]+)(?:\/locations\/([^/]+))?\/secrets\/([^/]+)\/versions\/([^/]+)$/;
const idPattern = /^[a-zA-Z0-9_-]{1,255}$/;

export const invalid = (message: string): RpcError => new RpcError("INVALID_ARGUMENT", message);

/** Google's words, seen in answers of production. */
export function requireSecretId(id: string): void {
  if (!idPattern.test(id)) {
    throw invalid(`The provided Secret ID [${id}] does not match the expected format [[a-zA-Z_0-9]+]`);
  }
}

export function parseParent(parent: string): { readonly project: string; readonly location: string | undefined } {
  const match = parentPattern.exec(parent);
  if (match === null) throw misnamed("Project", parent, "projects/*");
  return { project: match[1] as string, location: match[2] };
}

export function parseSecret(name: string): SecretName {
  const match = secretPattern.exec(name);
  if (match === null || !idPattern.test(match[3] as string)) throw misnamed("Secret", name, "projects/*/secrets/*");
  return { project: match[1] as string, location: match[2], secret: match[3] as string };
}

export function parseVersion(name: string): VersionName {
  const match = versionPattern.exec(name);
  if (match === null || !idPattern.test(match[3] as string)) {
    throw misnamed("Secret", name, "projects/*/secrets/*/versions/*");
  }
  return { project: match[1] as string, location: match[2], secret: match[3] as string, version: match[4] as string };
}

const misnamed = (kind: string, name: string, format: string): RpcError =>
  invalid(`The provided ${kind} ID [${name}] does not match the expected format [${format}]`);

/** The secret's name with this project: its id in the store, its number on the wire. */
export function secretNameOf(at: SecretName, project: string): string {
  const location = at.location === undefined ? "" : `/locations/${at.location}`;
  return `projects/${project}${location}/secrets/${at.secret}`;
}

/**
 * As Google's: the time of the last change in microseconds, above 2^52, in hexadecimal, in quotes
 * (`"163c1efce157c3"`, from recorded answers).
 */
export function etagOf(changedMicros: number): string {
  return `"${(2n ** 52n + BigInt(changedMicros)).toString(16)}"`;
}

/** Throws as Google does when an etag is given and is not the present one. */
export function requireEtag(given: string, present: string): void {
  if (given !== "" && given !== present) {
    throw new RpcError(
      "FAILED_PRECONDITION",
      "The etag provided in the request does not match the resource's current etag. " +
        "Please retry the whole read-modify-write with exponential backoff.",
    );
  }
}

export const secretNotFound = (name: string): RpcError => new RpcError("NOT_FOUND", `Secret [${name}] not found.`);
export const versionNotFound = (name: string): RpcError =>
  new RpcError("NOT_FOUND", `Secret Version [${name}] not found.`);
export const noVersions = (name: string): RpcError =>
  new RpcError("NOT_FOUND", `Secret [${name}] not found or has no versions.`);
export const secretExists = (name: string): RpcError =>
  new RpcError("ALREADY_EXISTS", `Secret [${name}] already exists.`);
export const versionInState = (name: string, state: "DISABLED" | "DESTROYED"): RpcError =>
  new RpcError("FAILED_PRECONDITION", `Secret Version [${name}] is in ${state} state.`);
