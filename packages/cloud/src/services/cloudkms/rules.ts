import { RpcError } from "../../wire/rpc-error.ts";

export const api = "cloudkms.googleapis.com";

/** `projects/p/locations/l` */
export interface PlaceName {
  readonly project: string;
  readonly location: string;
}

const id = "[a-zA-Z0-9_-]{1,63}";
const place = "projects/([^/]+)/locations/([^/]+)";
const ring = `${place}/keyRings/${id}`;
const key = `${ring}/cryptoKeys/${id}`;

const patterns = {
  Location: { pattern: new RegExp(`^${place}$`), format: "projects/*/locations/*" },
  KeyRing: { pattern: new RegExp(`^${ring}$`), format: "projects/*/locations/*/keyRings/*" },
  CryptoKey: { pattern: new RegExp(`^${key}$`), format: "projects/*/locations/*/keyRings/*/cryptoKeys/*" },
  CryptoKeyVersion: {
    pattern: new RegExp(`^${key}/cryptoKeyVersions/[1-9][0-9]{0,9}$`),
    format: "projects/*/locations/*/keyRings/*/cryptoKeys/*/cryptoKeyVersions/*",
  },
  ImportJob: {
    pattern: new RegExp(`^${ring}/importJobs/${id}$`),
    format: "projects/*/locations/*/keyRings/*/importJobs/*",
  },
  KeyHandle: {
    pattern: new RegExp(`^${place}/keyHandles/${id}$`),
    format: "projects/*/locations/*/keyHandles/*",
  },
  RetiredResource: {
    pattern: new RegExp(`^${place}/retiredResources/[^/]+$`),
    format: "projects/*/locations/*/retiredResources/*",
  },
} as const;

export type Kind = keyof typeof patterns;

/** Bytes: plaintext, authenticated data and what is signed, of a key in software. */
export const softwareBytes = 65_536;
/** Bytes: plaintext and authenticated data together, of a key in an HSM. */
export const hsmBytes = 8_192;

export const invalid = (message: string): RpcError => new RpcError("INVALID_ARGUMENT", message);

export const notFound = (kind: Kind, name: string): RpcError => new RpcError("NOT_FOUND", `${kind} ${name} not found.`);

export const alreadyExists = (kind: Kind, name: string): RpcError =>
  new RpcError("ALREADY_EXISTS", `${kind} ${name} already exists.`);

/** A deleted key's name is never used again. */
export const nameRetired = (name: string): RpcError =>
  new RpcError("ALREADY_EXISTS", `CryptoKey ${name} was deleted, and its name cannot be used again.`);

export const precondition = (message: string): RpcError => new RpcError("FAILED_PRECONDITION", message);

export const unimplemented = (what: string): RpcError =>
  new RpcError("UNIMPLEMENTED", `The local cloud does not implement ${what} of Cloud KMS.`);

/** Throws INVALID_ARGUMENT when the name is not one of this kind. */
export function requireName(kind: Kind, name: string): void {
  const { pattern, format } = patterns[kind];
  if (!pattern.test(name)) throw invalid(`Resource name [${name}] does not match the expected format [${format}].`);
}

export const isName = (kind: Kind, name: string): boolean => patterns[kind].pattern.test(name);

/** Ids of rings and keys: `[a-zA-Z0-9_-]{1,63}` (service.proto). `field` by its proto name. */
export function requireId(field: string, given: string): void {
  if (!new RegExp(`^${id}$`).test(given)) {
    throw invalid(`The value [${given}] of field [${field}] does not match the pattern [[a-zA-Z0-9_-]{1,63}].`);
  }
}

/** `…/cryptoKeys/k/cryptoKeyVersions/3` as the key's name and the number. */
export function splitVersion(name: string): { readonly key: string; readonly number: number } {
  const at = name.lastIndexOf("/cryptoKeyVersions/");
  return { key: name.slice(0, at), number: Number(name.slice(at + "/cryptoKeyVersions/".length)) };
}

export const versionName = (keyName: string, number: number): string => `${keyName}/cryptoKeyVersions/${number}`;

/** As Google refuses the use of a version that is not enabled, with the violation that its clients look for. */
export function notEnabled(name: string, state: string): RpcError {
  return new RpcError("FAILED_PRECONDITION", `${name} is not enabled, current state is: ${state}.`, [
    {
      "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
      violations: [{ type: `KEY_${state}`, subject: name }],
    },
  ]);
}

/** Throws for more than a key of this level takes. HSM: all fields together. */
export function requireSize(fields: Readonly<Record<string, Uint8Array>>, hsm: boolean): void {
  let total = 0;
  for (const [field, { length }] of Object.entries(fields)) {
    total += length;
    if (length > softwareBytes) {
      throw invalid(`The field ${field} is ${length} bytes long, but not more than ${softwareBytes} are allowed.`);
    }
  }
  if (hsm && total > hsmBytes) {
    throw invalid(
      `The fields ${Object.keys(fields).join(" and ")} are ${total} bytes long, but not more than ${hsmBytes} are allowed with a key in an HSM.`,
    );
  }
}
