/** Names of hosts: which are this machine, which are Google's, which API one stands for. */

const loopback = /^(localhost|[\w-]+(\.[\w-]+)*\.localhost|127(\.\d{1,3}){3}|\[::1\]|::1)$/;
/** What Google's programs and services of users are dialled by, with all below: no page for people is among them. */
const domains = [
  "googleapis.com",
  "run.app",
  "cloudfunctions.net",
  "appspot.com",
  "pkg.dev",
  "gcr.io",
  "google.internal",
  "googleusercontent.com",
  "cloud.google.com",
  "cloud.goog",
  "source.developers.google.com",
  "cloudproxy.app",
  "firebaseio.com",
  "firebasedatabase.app",
];
const single = ["accounts.google.com", "dl.google.com", "metadata", "169.254.169.254", "[fd20:ce::254]"];
const escaped = (names: readonly string[]): string => names.join("|").replace(/[.[\]]/g, "\\$&");
const google = new RegExp(`(^|\\.)(${escaped(domains)})$|^(${escaped(single)})$`);
/** Hosts of our own, for what is no API of Google's. */
const ours = /\.local\.aloft$/;

/** The host without its port, lower case; `undefined` for none. */
export function hostnameOf(header: string | undefined): string | undefined {
  if (header === undefined || header === "") return undefined;
  return header.toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");
}

export function isLoopback(hostname: string): boolean {
  return loopback.test(hostname);
}

/** Hosts that the local cloud may stand for. Every other `Host` is refused: a page could have pointed its name here. */
export function isCloudHost(hostname: string): boolean {
  return google.test(hostname) || ours.test(hostname);
}

export interface ApiHost {
  readonly api: string;
  readonly region?: string;
}

/**
 * The API behind a host: `us-central1-run.googleapis.com`, `run.us-central1.rep.googleapis.com` and
 * `run.mtls.googleapis.com` are `run.googleapis.com`.
 */
export function apiOfHost(hostname: string, known: (api: string) => boolean): ApiHost {
  if (known(hostname)) return { api: hostname };
  const endpoint = /^([a-z0-9-]+)\.([a-z0-9-]+)\.rep\.googleapis\.com$/.exec(hostname);
  if (endpoint !== null) return { api: `${endpoint[1]}.googleapis.com`, region: endpoint[2] as string };
  const mtls = /^([a-z0-9-]+)\.mtls\.googleapis\.com$/.exec(hostname);
  if (mtls !== null) return { api: `${mtls[1]}.googleapis.com` };
  const regional = /^([a-z]+-[a-z]+\d+)-([a-z][a-z0-9-]*\.googleapis\.com)$/.exec(hostname);
  if (regional !== null) return { api: regional[2] as string, region: regional[1] as string };
  return { api: hostname };
}
