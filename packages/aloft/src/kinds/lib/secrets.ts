import { type Google, GoogleError } from "@aloft/google";
import { crc32c } from "@aloft/kit/crc32c";
import { Redacted } from "@aloft/kit/redaction";
import type { KindContext, Place } from "../kind.ts";
import { lastPart, orAbsent } from "./answers.ts";
import { isOurs, mergedLabels, ownLabels } from "./ownership.ts";

/** The part of secretmanager v1's Secret that matters here, with its newest enabled version. */
export interface LiveSecret {
  readonly labels: Readonly<Record<string, string>>;
  readonly etag?: string;
  /** Absent: it has no enabled version. */
  readonly version?: string;
}

interface WireSecret {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly etag?: string;
}

interface WireVersion {
  readonly name: string;
  readonly state?: string;
}

export const secretPath = (id: string, { project }: Pick<Place, "project">): string =>
  `v1/projects/${project}/secrets/${id}`;

/**
 * The number of the newest enabled version. `latest` is Google's name for the newest in whatever state, and may be a little
 * behind: reads by number never are, so the numbers after it are asked for. One that is disabled or destroyed makes it
 * necessary to look at the list.
 */
async function newestEnabled(path: string, google: Google, signal?: AbortSignal): Promise<string | undefined> {
  const common = { api: "secretmanager", ...(signal ? { signal } : {}) };
  const versionAt = (name: string): Promise<WireVersion | undefined> =>
    orAbsent(google.request<WireVersion>({ ...common, path: `${path}/versions/${name}` }));
  let latest = await versionAt("latest");
  if (latest === undefined) return undefined;
  for (let next = await versionAt(after(latest)); next !== undefined; next = await versionAt(after(latest)))
    latest = next;
  if (latest.state === "ENABLED") return lastPart(latest.name);
  const query = { filter: "state:ENABLED", pageSize: 1 };
  const page = await google.request<{ versions?: WireVersion[] }>({ ...common, path: `${path}/versions`, query });
  const first = page.versions?.[0];
  return first === undefined ? undefined : lastPart(first.name);
}

const after = ({ name }: WireVersion): string => String(Number(lastPart(name)) + 1);

export async function observeSecret(
  id: string,
  { google, place, signal }: KindContext,
): Promise<LiveSecret | undefined> {
  const path = secretPath(id, place);
  const newest = newestEnabled(path, google, signal);
  // Of two refusals the one that is told is always the same.
  newest.catch(() => undefined);
  const secret = await orAbsent(
    google.request<WireSecret>({ api: "secretmanager", path, ...(signal ? { signal } : {}) }),
  );
  const version = await newest;
  if (secret === undefined) return undefined;
  return {
    labels: secret.labels ?? {},
    ...(secret.etag === undefined ? {} : { etag: secret.etag }),
    ...(version === undefined ? {} : { version }),
  };
}

/** Makes the secret with our labels, or gives it our labels. Another's making of it in the same moment is fine. */
export async function ensureSecret(
  id: string,
  have: LiveSecret | undefined,
  { google, place, signal }: KindContext,
): Promise<LiveSecret> {
  const common = { api: "secretmanager", ...(signal ? { signal } : {}) };
  if (have === undefined) {
    const body = { replication: { automatic: {} }, labels: ownLabels(place) };
    const path = `v1/projects/${place.project}/secrets`;
    try {
      await google.request({ ...common, path, verb: "POST", query: { secretId: id }, body, idempotent: true });
    } catch (thrown) {
      if (!(thrown instanceof GoogleError && thrown.code === "ALREADY_EXISTS")) throw thrown;
    }
    return { labels: ownLabels(place) };
  }
  if (isOurs(have.labels, place)) return have;
  const labels = mergedLabels({}, have.labels, place);
  await google.request({
    ...common,
    path: secretPath(id, place),
    verb: "PATCH",
    query: { updateMask: "labels" },
    body: { labels, ...(have.etag === undefined ? {} : { etag: have.etag }) },
  });
  return { labels, ...(have.version === undefined ? {} : { version: have.version }) };
}

/** Adds a version with this value; its number. */
export async function addVersion(
  id: string,
  value: Redacted<string>,
  { google, place, signal }: KindContext,
): Promise<string> {
  const data = Buffer.from(value.reveal());
  const made = await google.request<WireVersion>({
    api: "secretmanager",
    path: `${secretPath(id, place)}:addVersion`,
    verb: "POST",
    body: { payload: { data: data.toString("base64"), dataCrc32c: String(crc32c(data)) } },
    ...(signal ? { signal } : {}),
  });
  return lastPart(made.name);
}

/** The value of a version. */
export async function accessVersion(
  id: string,
  version: string,
  { google, place, signal }: KindContext,
): Promise<Redacted<string>> {
  const { payload } = await google.request<{ payload?: { data?: string } }>({
    api: "secretmanager",
    path: `${secretPath(id, place)}/versions/${version}:access`,
    ...(signal ? { signal } : {}),
  });
  return new Redacted(Buffer.from(payload?.data ?? "", "base64").toString());
}

/** Ids of all secrets with our labels; read once a run. */
export function ourSecrets(
  context: KindContext,
): Promise<readonly { readonly id: string; readonly live: LiveSecret }[]> {
  const { google, place, signal } = context;
  return context.once("our secrets", async () => {
    const filter = Object.entries(ownLabels(place))
      .map(([name, value]) => `labels.${name}=${value}`)
      .join(" AND ");
    const call = {
      api: "secretmanager",
      path: `v1/projects/${place.project}/secrets`,
      query: { filter, pageSize: 250 },
    };
    const all = await orAbsent(google.list<WireSecret>({ ...call, ...(signal ? { signal } : {}) }, "secrets"));
    return (all ?? [])
      .filter(({ labels }) => isOurs(labels, place))
      .map(({ name, labels, etag }) => ({
        id: lastPart(name),
        live: { labels: labels ?? {}, ...(etag === undefined ? {} : { etag }) },
      }));
  });
}
