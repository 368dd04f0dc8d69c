import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { CaStore } from "./ca-store.ts";

/** A certificate authority of this cloud alone: trusted by whoever is told to, and installed nowhere. */
export interface Authority {
  /** The CA's certificate, PEM. */
  certificate(): Promise<string>;
  /** A certificate for the host (and its siblings) with its key; made at the first call for it, the same from then on. */
  credentials(hostname: string): Promise<Credentials>;
}

export interface Credentials {
  /** PEM, the leaf before the CA. */
  readonly cert: string;
  readonly key: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 24 * 3600_000;
const caDays = 3650;
/** Apple's limit for a leaf is 825 days, that of browsers for public ones lower: a cloud seldom runs so long. */
const leafDays = 365;

/** What a client on this machine may have dialled that names no host (SNI has none for an address). */
export const ownNames = ["localhost", "*.localhost", "127.0.0.1", "::1", "169.254.169.254"] as const;

interface Issuer {
  readonly pem: string;
  readonly key: webcrypto.CryptoKey;
}

/** Real time throughout: the clients' clocks decide whether a certificate is valid. */
export function createAuthority(store: CaStore): Authority {
  let issuer: Promise<Issuer> | undefined;
  const made = new Map<string, Promise<Credentials>>();
  let leafKeys: Promise<webcrypto.CryptoKeyPair> | undefined;

  const getIssuer = (): Promise<Issuer> => {
    issuer ??= load(store).catch((thrown) => {
      issuer = undefined;
      throw thrown;
    });
    return issuer;
  };

  const make = async (names: readonly string[]): Promise<Credentials> => {
    const { key, pem } = await getIssuer();
    leafKeys ??= generate();
    const keys = await leafKeys;
    const cert = await leaf({ pem, key }, names, keys.publicKey);
    return { key: await privatePem(keys.privateKey), cert: `${cert}${pem}` };
  };

  return {
    certificate: async () => (await getIssuer()).pem,
    credentials: (hostname) => {
      const names = namesFor(hostname);
      const known = names.at(-1) ?? hostname;
      let credentials = made.get(known);
      if (credentials === undefined) {
        credentials = make(names);
        made.set(known, credentials);
        credentials.catch(() => made.delete(known));
      }
      return credentials;
    },
  };
}

/** `run.googleapis.com` with `*.googleapis.com`; a name of two parts alone; for an address or localhost all of ours. */
function namesFor(hostname: string): readonly string[] {
  if (/(^|\.)localhost$/.test(hostname) || ownNames.some((name) => name === hostname)) return ownNames;
  if (isIP(hostname) !== 0) return [...ownNames, hostname];
  const parent = hostname.slice(hostname.indexOf(".") + 1);
  return parent.includes(".") ? [hostname, `*.${parent}`] : [hostname];
}

async function x509() {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

function generate(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{1,64}/g, "$&\n")}-----END PRIVATE KEY-----\n`;
}

/** The kept CA while it is good for another month, else a new one, kept. */
async function load(store: CaStore): Promise<Issuer> {
  const kept = store.read();
  if (kept !== undefined && isGood(kept)) {
    const der = Buffer.from(kept.key.replace(/-----[^-]+-----|\s/g, ""), "base64");
    const key = await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
    return { pem: kept.certificate, key };
  }
  const { X509CertificateGenerator, BasicConstraintsExtension, KeyUsagesExtension, KeyUsageFlags, ...more } =
    await x509();
  const keys = await generate();
  const now = Date.now();
  const cert = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    // A name of its own, so that no client takes one laptop's CA for another's.
    name: `CN=Aloft local cloud ${randomBytes(4).toString("hex")}, O=Aloft (this machine only)`,
    notBefore: new Date(now - dayMs),
    notAfter: new Date(now + caDays * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await more.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const pem = `${cert.toString("pem")}\n`;
  store.write({ certificate: pem, key: await privatePem(keys.privateKey) });
  return { pem, key: keys.privateKey };
}

function isGood({ certificate, key }: { readonly certificate: string; readonly key: string }): boolean {
  try {
    const cert = new X509Certificate(certificate);
    return cert.checkPrivateKey(createPrivateKey(key)) && cert.validToDate.getTime() - Date.now() > 30 * dayMs;
  } catch {
    return false;
  }
}

async function leaf(issuer: Issuer, names: readonly string[], publicKey: webcrypto.CryptoKey): Promise<string> {
  const lib = await x509();
  const ca = new lib.X509Certificate(issuer.pem);
  const now = Date.now();
  const cert = await lib.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: [names[0] ?? ""] }],
    issuer: ca.subject,
    notBefore: new Date(now - dayMs),
    notAfter: new Date(now + leafDays * dayMs),
    signingAlgorithm: algorithm,
    publicKey,
    signingKey: issuer.key,
    extensions: [
      new lib.BasicConstraintsExtension(false, undefined, true),
      new lib.KeyUsagesExtension(lib.KeyUsageFlags.digitalSignature, true),
      new lib.ExtendedKeyUsageExtension([lib.ExtendedKeyUsage.serverAuth]),
      new lib.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }) as const),
      ),
      await lib.SubjectKeyIdentifierExtension.create(publicKey),
      await lib.AuthorityKeyIdentifierExtension.create(ca.publicKey),
    ],
  });
  return `${cert.toString("pem")}\n`;
}

/** 16 random bytes, positive. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}
