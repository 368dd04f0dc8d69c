import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates, rootCertificates } from "node:tls";

export interface CaFiles {
  /** The CA's certificate alone, PEM. */
  readonly certificate: string;
  /** The system's roots and the CA: what the certificate variables of a program name. */
  readonly bundle: string;
}

/** The authority as it is told to programs. */
export interface LocalCa {
  /** PEM. */
  readonly certificate: string;
  readonly files?: CaFiles;
}

/** Where a cloud's CA is kept: in its state folder, or in memory. */
export interface CaStore {
  read(): { readonly certificate: string; readonly key: string } | undefined;
  write(ca: { readonly certificate: string; readonly key: string }): void;
  /** Writes what programs read, and says where; undefined in memory. */
  publish(certificate: string): CaFiles | undefined;
}

export function createCaStore(dir: string | undefined): CaStore {
  if (dir === undefined) return { read: () => undefined, write: () => undefined, publish: () => undefined };
  const folder = join(dir, "ca");
  const path = (name: string): string => join(folder, name);
  return {
    read: () => {
      if (!existsSync(path("key.pem")) || !existsSync(path("ca.pem"))) return undefined;
      chmodSync(path("key.pem"), 0o600);
      return { key: readFileSync(path("key.pem"), "utf8"), certificate: readFileSync(path("ca.pem"), "utf8") };
    },
    write: ({ key, certificate }) => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      replace(path("ca.pem"), certificate, 0o644);
      replace(path("key.pem"), key, 0o600);
    },
    publish: (certificate) => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      replace(path("bundle.pem"), `${systemRoots().join("\n")}\n${certificate}`, 0o644);
      return { certificate: path("ca.pem"), bundle: path("bundle.pem") };
    },
  };
}

/** Written whole or not at all. */
function replace(path: string, text: string, mode: number): void {
  writeFileSync(`${path}.new`, text, { mode });
  renameSync(`${path}.new`, path);
}

/** PEM blocks: what the system trusts, or, where it has no list, what Mozilla does. */
function systemRoots(): readonly string[] {
  const system = getCACertificates("system");
  const extra = getCACertificates("extra");
  const roots = [...(system.length === 0 ? rootCertificates : system), ...extra];
  return [...new Set(roots.map((pem) => pem.trim()))];
}
