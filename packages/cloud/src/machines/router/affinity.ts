import type { IncomingHttpHeaders } from "node:http";
import type { Clock } from "@aloft/kit/clock";
import type { Instance } from "../instances/instance.ts";
import type { RevisionSpec } from "../machines.ts";

/** Cloud Run's cookie and its time: https://cloud.google.com/run/docs/configuring/session-affinity */
const cookieName = "GAESA";
const lifeMs = 30 * 24 * 3600_000;

/** The instance that a client was with before, by its cookie. */
export function affinityOf({ cookie }: IncomingHttpHeaders): string | undefined {
  return new RegExp(`(?:^|;\\s*)${cookieName}=([0-9a-f]+)`).exec(cookie ?? "")?.[1];
}

/** The cookie that keeps a client with this instance; undefined where it has it, or its revision asks for none. */
export function cookieFor(
  { sessionAffinity }: Pick<RevisionSpec, "sessionAffinity">,
  { id }: Pick<Instance, "id">,
  before: string | undefined,
  clock: Pick<Clock, "now">,
): string | undefined {
  if (!sessionAffinity || id === before) return undefined;
  return `${cookieName}=${id}; expires=${new Date(clock.now() + lifeMs).toUTCString()}; path=/`;
}
