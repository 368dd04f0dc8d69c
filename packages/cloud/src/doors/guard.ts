import type { IncomingHttpHeaders } from "node:http";
import { hostnameOf, isCloudHost, isLoopback } from "./hosts.ts";
import type { Place } from "./route.ts";

/** Why a request is refused; undefined when it may come in. */
export function refusal(place: Place, headers: IncomingHttpHeaders): string | undefined {
  const { sent } = place;
  if (sent !== undefined && !isLoopback(sent) && !isCloudHost(sent)) {
    return `The local cloud does not stand for the host ${sent}.`;
  }
  const origin = headers.origin;
  if (origin !== undefined) {
    const from = originHost(origin);
    if (from !== undefined && (isLoopback(from) || from === sent)) return undefined;
    return `The local cloud does not serve web pages of other origins (${origin}).`;
  }
  // An image, a script or a form of a page elsewhere sends no Origin, but browsers say where it comes from.
  if (headers["sec-fetch-site"] === "cross-site" && headers["sec-fetch-mode"] !== "navigate") {
    return "The local cloud does not serve web pages of other sites.";
  }
  return undefined;
}

function originHost(origin: string): string | undefined {
  return hostnameOf(/^https?:\/\/([^/]+)$/i.exec(origin)?.[1]);
}

/** Whether the other end of the socket is on this machine. */
export function isLocalPeer(address: string | undefined): boolean {
  return address !== undefined && (address === "::1" || /^(::ffff:)?127\./.test(address));
}
