import { createPrivateKey, webcrypto } from "node:crypto";

const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;

/**
 * A certificate in PEM that an RSA key signs for itself, as Google gives the public half of service account keys.
 * `privateKey` and `publicKey` are PEM (PKCS #8 and SPKI), `serialNumber` hexadecimal.
 */
export async function selfSignedCertificate(of: {
  readonly privateKey: string;
  readonly publicKey: string;
  readonly name: string;
  readonly serialNumber: string;
  readonly fromMs: number;
}): Promise<string> {
  await import("reflect-metadata");
  const { X509CertificateGenerator } = await import("@peculiar/x509");
  const pkcs8 = createPrivateKey(of.privateKey).export({ format: "der", type: "pkcs8" });
  const spki = Buffer.from(of.publicKey.replace(/-----[^-]+-----|\s/g, ""), "base64");
  const cert = await X509CertificateGenerator.createSelfSigned({
    serialNumber: of.serialNumber,
    name: [{ CN: [of.name] }],
    notBefore: new Date(of.fromMs),
    notAfter: new Date("9999-12-31T23:59:59Z"),
    signingAlgorithm: algorithm,
    keys: {
      privateKey: await webcrypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]),
      publicKey: await webcrypto.subtle.importKey("spki", spki, algorithm, true, ["verify"]),
    },
  });
  return `${cert.toString("pem")}\n`;
}
