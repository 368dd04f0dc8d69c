import { createHash, verify } from "node:crypto";
import { localIam } from "../../chain/iam.ts";
import type { Host } from "../../host.ts";
import type { Principal, RawRequest, RestPlace } from "../../service.ts";
import { signingKey } from "../iamcredentials/store.ts";
import { StorageError } from "./errors.ts";
import { hmacKeysOf } from "./hmac-store.ts";

const longestS = 604_800;
const algorithms: ReadonlySet<string> = new Set(["GOOG4-RSA-SHA256", "GOOG4-HMAC-SHA256"]);

export function isSigned(query: URLSearchParams): boolean {
  return parameter(query, "X-Goog-Signature") !== undefined || (query.has("GoogleAccessId") && query.has("Signature"));
}

/** Names of the signature's parameters are taken in any case. */
function parameter(query: URLSearchParams, name: string): string | undefined {
  for (const [key, value] of query) if (key.toLowerCase() === name.toLowerCase()) return value;
  return undefined;
}

/**
 * The service account that signed the URL (V4, https://cloud.google.com/storage/docs/authentication/signatures), with
 * one of its keys or by `signBlob`. Throws what Google does for one that is wrong, or over.
 */
export async function signer(host: Host, request: RawRequest & RestPlace): Promise<Principal> {
  const { query } = request;
  if (query.has("GoogleAccessId")) return olderSigner(host, request);
  const get = (name: string): string => parameter(query, name) ?? "";
  const algorithm = get("X-Goog-Algorithm");
  if (!algorithms.has(algorithm)) {
    throw malformed(`The signature's algorithm ${algorithm} is not known here: ${[...algorithms].join(" and ")} are.`);
  }
  const [, who = "", scope = ""] =
    /^(.+?)\/(\d{8}\/[^/]+\/storage\/goog4_request)$/.exec(get("X-Goog-Credential")) ?? [];
  const date = get("X-Goog-Date");
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  const signedMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  const lifetimeS = Number(get("X-Goog-Expires"));
  if (scope === "" || Number.isNaN(signedMs)) throw malformed("The signature's credential or date is malformed.");
  if (!(lifetimeS > 0 && lifetimeS <= longestS))
    throw malformed("X-Goog-Expires must be between 1 and 604800 seconds.");
  const endMs = signedMs + lifetimeS * 1000;
  if (host.clock.now() > endMs) throw expired(endMs);
  if (host.clock.now() < signedMs - 15 * 60 * 1000) throw malformed("The signature is not valid yet.");

  const names = get("X-Goog-SignedHeaders").split(";");
  const canonical = candidates(request).map(([path, hostName]) => canonicalRequest(request, path, names, hostName));
  const texts = canonical.map((text) => `${algorithm}\n${date}\n${scope}\n${sha256(text)}`);
  const signature = Buffer.from(get("X-Goog-Signature"), "hex");
  const account =
    algorithm === "GOOG4-HMAC-SHA256"
      ? accountOfKey(host, who, (keys) => texts.some((text) => keys.signed(who, scope, text, signature)))
      : await accountThatSigned(host, who, texts, signature);
  if (account === undefined) throw mismatch(`The canonical request was: ${canonical[0]}`);
  return account;
}

/** The account of an HMAC key that is in use, where the key signed. */
function accountOfKey(
  host: Host,
  accessId: string,
  signed: (keys: ReturnType<typeof hmacKeysOf>) => boolean,
): Principal | undefined {
  const keys = hmacKeysOf(host);
  const key = keys.get(accessId);
  const account = localIam(host.iam).accounts.get(key?.email ?? "");
  if (key?.state !== "ACTIVE" || account === undefined || account.disabled || !signed(keys)) return undefined;
  return { kind: "serviceAccount", email: account.email, uniqueId: account.uniqueId };
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The older form of a signed URL (V2), that some clients still make by default. */
async function olderSigner(host: Host, { verb, path, query, headers }: RawRequest & RestPlace): Promise<Principal> {
  const endMs = Number(query.get("Expires")) * 1000;
  if (Number.isNaN(endMs)) throw malformed("Expires must be a time in seconds.");
  if (host.clock.now() > endMs) throw expired(endMs);
  const extensions = Object.entries(headers)
    .filter(([name]) => name.startsWith("x-goog-"))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${(value ?? "").trim()}\n`);
  const { "content-md5": md5 = "", "content-type": type = "" } = headers;
  const text = [verb, md5, type, query.get("Expires"), extensions.join("") + path].join("\n");
  const signature = Buffer.from(query.get("Signature") ?? "", "base64");
  const account = await accountThatSigned(host, query.get("GoogleAccessId") ?? "", [text], signature);
  if (account === undefined) throw mismatch(`The string to sign was: ${text}`);
  return account;
}

/** The account, when one of the texts is what it signed: with a key of its own, or with Google's by `signBlob`. */
async function accountThatSigned(
  host: Host,
  email: string,
  texts: readonly string[],
  signature: Buffer,
): Promise<Principal | undefined> {
  const { accounts, keys } = localIam(host.iam);
  const account = accounts.get(email);
  if (account === undefined || account.disabled) return undefined;
  const own = keys.list(account.uniqueId).filter(({ disabled }) => !disabled);
  const managed = await signingKey(host, account.uniqueId);
  const right = texts
    .map((text) => Buffer.from(text))
    .some(
      (bytes) =>
        own.some(({ publicKey }) => verify("sha256", bytes, publicKey, signature)) ||
        Buffer.from(managed.sign(bytes)).equals(signature),
    );
  return right ? { kind: "serviceAccount", email: account.email, uniqueId: account.uniqueId } : undefined;
}

/**
 * Path and host as the client may have signed them: as they came, or as Google's own where it went through a path
 * prefix (`/storage.googleapis.com/…`), or to a bucket's own host. Clients sign a host with or without its port.
 */
function candidates({ headers, path }: RawRequest & RestPlace): readonly (readonly [string, string])[] {
  const sent = headers[":authority"] ?? headers.host ?? "";
  const name = sent.replace(/:\d+$/, "");
  const bucket = /^(.+)\.storage\.googleapis\.com$/.exec(name)?.[1];
  if (bucket !== undefined) return [[path.slice(bucket.length + 1) || "/", sent]];
  const prefixed = `/storage.googleapis.com${path}`;
  return [
    [path, sent],
    [path, name],
    [path, "storage.googleapis.com"],
    [prefixed, sent],
    [prefixed, name],
  ];
}

function canonicalRequest(
  { verb, query, headers }: RawRequest & RestPlace,
  path: string,
  names: readonly string[],
  host: string,
): string {
  const encode = (text: string): string =>
    encodeURIComponent(text).replace(
      /[!'()*]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  const pairs = [...query]
    .filter(([key]) => key.toLowerCase() !== "x-goog-signature")
    .map(([key, value]) => `${encode(key)}=${encode(value)}`)
    .sort();
  const lines = names.map((name) => {
    const value = name === "host" ? host : (headers[name] ?? "");
    return `${name}:${value.trim().replace(/\s+/g, " ")}\n`;
  });
  const payload = headers["x-goog-content-sha256"] ?? "UNSIGNED-PAYLOAD";
  return [verb, path, pairs.join("&"), lines.join(""), names.join(";"), payload].join("\n");
}

function malformed(message: string): StorageError {
  return new StorageError({ status: 400, reason: "invalid", message, xml: ["InvalidArgument", "Invalid argument."] });
}

function expired(endMs: number): StorageError {
  return new StorageError({
    status: 400,
    reason: "expired",
    message: `Request signature expired at: ${new Date(endMs).toISOString()}`,
    xml: ["ExpiredToken", "Invalid argument."],
  });
}

function mismatch(message: string): StorageError {
  return new StorageError({
    status: 403,
    reason: "forbidden",
    message,
    xml: [
      "SignatureDoesNotMatch",
      "The request signature we calculated does not match the signature you provided. Check your Google secret key and signing method.",
    ],
  });
}
