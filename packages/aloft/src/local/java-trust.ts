import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

/** The JDK's own, of a file that holds only public certificates. */
const password = "changeit";

/**
 * `JAVA_TOOL_OPTIONS` with the proxy and with the JDK's roots and the local CA, after what the user has there: Java
 * reads no variable of the others. Undefined where there is no JDK, or it does not make the file.
 */
export async function javaOptions(options: {
  readonly dir: string;
  readonly ca: { readonly certificate: string; readonly file: string };
  readonly proxy: { readonly host: string; readonly port: number };
  readonly pass: readonly string[];
  readonly environ: NodeJS.ProcessEnv;
}): Promise<string | undefined> {
  const { dir, ca, proxy, pass, environ } = options;
  const keytool = keytoolOf(environ);
  if (keytool === undefined) return undefined;
  const id = createHash("sha256").update(ca.certificate).update(keytool).digest("hex").slice(0, 16);
  const store = join(dir, "exec", `java-trust-${id}`);
  if (!existsSync(store) && !(await makeStore(store, keytool, ca.file))) return undefined;
  const { host, port } = proxy;
  const set = [
    ...["http", "https"].flatMap((scheme) => [`-D${scheme}.proxyHost=${host}`, `-D${scheme}.proxyPort=${port}`]),
    `-Dhttp.nonProxyHosts='${["localhost", "127.*", "[::1]", ...pass].join("|")}'`,
    `-Djavax.net.ssl.trustStore='${store}'`,
    `-Djavax.net.ssl.trustStorePassword=${password}`,
  ].join(" ");
  const before = (environ.JAVA_TOOL_OPTIONS ?? "").trim();
  return before.endsWith(set) ? before : `${before} ${set}`.trim();
}

function keytoolOf(environ: NodeJS.ProcessEnv): string | undefined {
  const folders = [
    ...(environ.JAVA_HOME ? [join(environ.JAVA_HOME, "bin")] : []),
    ...(environ.PATH ?? "").split(delimiter),
  ];
  const found = folders.map((folder) => join(folder, "keytool")).find((path) => existsSync(path));
  return found === undefined ? undefined : realpathSync(found);
}

async function makeStore(store: string, keytool: string, certificate: string): Promise<boolean> {
  const roots = join(dirname(keytool), "../lib/security/cacerts");
  const aside = `${store}.${process.pid}`;
  try {
    mkdirSync(dirname(store), { recursive: true, mode: 0o700 });
    if (existsSync(roots)) copyFileSync(roots, aside);
    if (existsSync(aside)) chmodSync(aside, 0o600);
    const where = ["-keystore", aside, "-storepass", password];
    await promisify(execFile)(keytool, [
      "-importcert",
      "-noprompt",
      ...["-alias", "aloft-local-cloud", "-file", certificate],
      ...where,
    ]);
    renameSync(aside, store);
    return true;
  } catch {
    rmSync(aside, { force: true });
    return false;
  }
}
