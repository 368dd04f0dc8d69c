import { hostnameOf, isCloudHost, isLoopback } from "./hosts.ts";
import { storagePlace } from "./storage-paths.ts";

/** Where a request is meant for. */
export interface Place {
  /** The cloud host (`secretmanager.googleapis.com`), or undefined: this local cloud itself. */
  readonly host: string | undefined;
  /** Path and query at that host. */
  readonly path: string;
  /** The host as the client sent it, lower case, without port. */
  readonly sent: string | undefined;
}

/**
 * The two plain doors: `Host:` (or the authority), and on a loopback host a first path segment that is a host of
 * Google's: `/secretmanager.googleapis.com/v1/…`. A proxy's absolute form (`GET http://host/path`) names its host itself.
 */
export function placeOf(hostHeader: string | undefined, url: string): Place {
  let path = url;
  let sent = hostnameOf(hostHeader);
  const absolute = /^https?:\/\/([^/?#]+)(.*)$/i.exec(url);
  if (absolute !== null) {
    sent = hostnameOf(absolute[1]);
    path = absolute[2] ?? "";
    if (!path.startsWith("/")) path = `/${path}`;
  }
  if (sent === undefined || !isLoopback(sent)) return { host: sent, path, ...storagePlace(sent, path), sent };
  const prefix = /^\/([A-Za-z0-9.-]+\.[A-Za-z0-9.-]+)(?=[/?]|$)/.exec(path);
  const named = prefix?.[1]?.toLowerCase();
  if (named === undefined || !isCloudHost(named)) {
    return { host: undefined, path, ...storagePlace(undefined, path), sent };
  }
  const rest = path.slice(named.length + 1);
  return { host: named, path: rest.startsWith("/") ? rest : `/${rest}`, sent };
}
