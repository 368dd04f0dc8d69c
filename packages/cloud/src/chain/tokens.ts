import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import { promisify } from "node:util";
import type { MovableClock } from "@aloft/kit/clock";
import type { Database, TokenGrant, Tokens, Vault } from "../host.ts";
import type { JsonObject, Principal } from "../service.ts";

/** `iss` of ID tokens. */
export const issuer = "https://accounts.google.com";

const prefix = "ya29.local.";
const refreshPrefix = "1//local.";
const defaultLifetimeS = 3600;
const cachedTokens = 10_000;

/** What stands in an access token, short names for short tokens. */
interface Claims {
  readonly k: Principal["kind"];
  readonly e: string;
  readonly u?: string;
  readonly d?: readonly string[];
  readonly g?: readonly string[];
  readonly s?: readonly string[];
  readonly a?: true;
  /** Expiry, ms. */
  readonly x: number;
  /** Distinguishes tokens made at one instant. */
  readonly n: string;
}

/** Why a token that was made here is no longer good. */
export type AccessCheck =
  | { readonly principal: Principal; readonly scopes: readonly string[]; readonly expiresAtMs: number }
  | { readonly expired: true };

export interface LocalTokens extends Tokens {
  /** Undefined when it is not ours at all. */
  inspect(token: string): AccessCheck | undefined;
  /** A refresh token: it does not expire, and only the token endpoint takes it. */
  refresh(principal: Principal): string;
  /** Whom a refresh token stands for; undefined when it is not ours. */
  refreshed(token: string): Principal | undefined;
}

/**
 * Access tokens carry who they stand for, under an HMAC; ID tokens are RS256. Both keys are in the database, sealed, so
 * that tokens outlive the process. They expire by the cloud's clock; where that runs fast, by the time of those who hold
 * them, who keep them as long as they were told.
 */
export function createTokens(parts: {
  readonly db: Database;
  readonly vault: Vault;
  readonly clock: MovableClock;
}): LocalTokens {
  const { db, vault, clock } = parts;
  db.define("CREATE TABLE IF NOT EXISTS token_keys (name TEXT PRIMARY KEY, sealed BLOB NOT NULL)");
  const key = keptKey(db, vault, "access", () => randomBytes(32));
  const verified = new Map<string, { claims: Claims; principal: Principal }>();

  const sign = (body: string): Buffer => createHmac("sha256", key).update(body).digest();

  const read = (token: string): { claims: Claims; principal: Principal } | undefined => {
    const known = verified.get(token);
    if (known !== undefined) return known;
    if (!token.startsWith(prefix)) return undefined;
    const [body, signature, ...rest] = token.slice(prefix.length).split(".");
    if (body === undefined || signature === undefined || rest.length > 0) return undefined;
    const given = Buffer.from(signature, "base64url");
    const right = sign(body);
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
    const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as Claims;
    const entry = { claims, principal: principalOf(claims) };
    if (verified.size >= cachedTokens) verified.clear();
    verified.set(token, entry);
    return entry;
  };

  const inspect = (token: string): AccessCheck | undefined => {
    const entry = read(token);
    if (entry === undefined) return undefined;
    if (entry.claims.x <= clock.now()) return { expired: true };
    return { principal: entry.principal, scopes: entry.claims.s ?? [], expiresAtMs: entry.claims.x };
  };

  const idKeys = lazyIdKeys(db, vault);
  const signRefresh = (body: string): Buffer => sign(`refresh.${body}`);

  return {
    inspect,
    refresh: ({ kind, email, uniqueId }) => {
      const claims = { k: kind, e: email, ...(uniqueId === undefined ? {} : { u: uniqueId }) };
      const body = Buffer.from(JSON.stringify(claims)).toString("base64url");
      return `${refreshPrefix}${body}.${signRefresh(body).toString("base64url")}`;
    },
    refreshed: (token) => {
      const [body = "", signature = ""] = token.startsWith(refreshPrefix)
        ? token.slice(refreshPrefix.length).split(".")
        : [];
      const given = Buffer.from(signature, "base64url");
      const right = signRefresh(body);
      if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
      return principalOf(JSON.parse(Buffer.from(body, "base64url").toString()) as Claims);
    },
    access: ({ principal, scopes, lifetimeS = defaultLifetimeS }: TokenGrant) => {
      const expiresAtMs = Math.floor(clock.now() / 1000 + lifetimeS) * 1000;
      const ends = Math.floor(clock.now() / 1000 + lifetimeS * clock.rate) * 1000;
      const claims: Claims = {
        k: principal.kind,
        e: principal.email,
        ...(principal.uniqueId === undefined ? {} : { u: principal.uniqueId }),
        ...(principal.delegation === undefined ? {} : { d: principal.delegation }),
        ...(principal.sets === undefined ? {} : { g: principal.sets }),
        ...(scopes === undefined ? {} : { s: scopes }),
        ...(principal.byDefaultCredentials === undefined ? {} : { a: true }),
        x: ends,
        n: randomBytes(6).toString("base64url"),
      };
      const body = Buffer.from(JSON.stringify(claims)).toString("base64url");
      return { token: `${prefix}${body}.${sign(body).toString("base64url")}`, expiresAtMs };
    },
    verifyAccess: (token) => {
      const check = inspect(token);
      return check === undefined || "expired" in check ? undefined : check.principal;
    },
    id: async ({ principal, audience, includeEmail = true, lifetimeS = defaultLifetimeS }) => {
      const [{ SignJWT }, keys] = await Promise.all([import("jose"), idKeys()]);
      const nowS = Math.floor(clock.now() / 1000);
      const subject = principal.uniqueId ?? principal.email;
      return new SignJWT({
        azp: subject,
        ...(includeEmail && principal.email !== "" ? { email: principal.email, email_verified: true } : {}),
      })
        .setProtectedHeader({ alg: "RS256", kid: keys.kid, typ: "JWT" })
        .setIssuer(issuer)
        .setSubject(subject)
        .setAudience(audience)
        .setIssuedAt(nowS)
        .setExpirationTime(nowS + Math.ceil(lifetimeS * clock.rate))
        .sign(keys.privateKey);
    },
    verifyId: async (token) => {
      const [{ jwtVerify }, keys] = await Promise.all([import("jose"), idKeys()]);
      try {
        const { payload } = await jwtVerify(token, keys.publicKey, {
          algorithms: ["RS256"],
          issuer: [issuer, "accounts.google.com"],
          currentDate: new Date(clock.now()),
        });
        return { claims: payload as JsonObject };
      } catch (thrown) {
        return { invalid: thrown instanceof Error ? thrown.message : "not a token" };
      }
    },
    jwks: async () => {
      const keys = await idKeys();
      const { kty = "RSA", n = "", e = "" } = keys.publicKey.export({ format: "jwk" });
      return { keys: [{ kty, n, e, alg: "RS256", use: "sig", kid: keys.kid }] };
    },
  };
}

function principalOf(claims: Claims): Principal {
  return {
    kind: claims.k,
    email: claims.e,
    ...(claims.u === undefined ? {} : { uniqueId: claims.u }),
    ...(claims.d === undefined ? {} : { delegation: claims.d }),
    ...(claims.g === undefined ? {} : { sets: claims.g }),
    ...(claims.a === undefined ? {} : { byDefaultCredentials: true }),
  };
}

/** A key from the database, made at first use. */
function keptKey(db: Database, vault: Vault, name: string, make: () => Uint8Array): Buffer {
  return db.tx(() => {
    const row = db.prepare("SELECT sealed FROM token_keys WHERE name = ?").get(name);
    if (row !== undefined) return Buffer.from(vault.open(row.sealed as Uint8Array, `token-key/${name}`));
    const key = Buffer.from(make());
    db.prepare("INSERT INTO token_keys (name, sealed) VALUES (?, ?)").run(name, vault.seal(key, `token-key/${name}`));
    return key;
  });
}

/** The RSA pair of ID tokens: making one takes a tenth of a second or more, so not before the first token. */
function lazyIdKeys(db: Database, vault: Vault) {
  const load = async () => {
    const stored = db.prepare("SELECT 1 FROM token_keys WHERE name = 'id'").get();
    const made =
      stored === undefined
        ? (await promisify(generateKeyPair)("rsa", { modulusLength: 2048 })).privateKey.export({
            format: "der",
            type: "pkcs8",
          })
        : Buffer.alloc(0);
    const der = keptKey(db, vault, "id", () => made);
    const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    const publicKey = createPublicKey(privateKey);
    const kid = createHmac("sha256", "kid")
      .update(publicKey.export({ format: "der", type: "spki" }))
      .digest("hex")
      .slice(0, 40);
    return { privateKey, publicKey, kid };
  };
  let keys: ReturnType<typeof load> | undefined;
  return () => {
    keys ??= load();
    return keys;
  };
}
