import type { Google, LongRunning } from "@aloft/google";
import { crc32c } from "@aloft/kit/crc32c";
import { Failure } from "@aloft/kit/failure";
import { Redacted } from "@aloft/kit/redaction";

const api = "secretmanager";
/** Secret Manager's limit for one payload. */
export const largestBytes = 65_536;

export interface Version {
  readonly number: string;
  readonly state: "ENABLED" | "DISABLED" | "DESTROYED";
  readonly createTime: string;
}

export interface LiveSecret {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Secret Manager, as the `secrets` commands use it. Errors are `GoogleError`s unless said otherwise. */
export interface SecretManager {
  /** Switches the API on in the project where it is off. */
  enable(): Promise<void>;
  list(): Promise<LiveSecret[]>;
  /** Undefined when there is none, or the API is off. */
  find(id: string): Promise<LiveSecret | undefined>;
  /** Newest first. */
  versions(id: string): Promise<Version[]>;
  /** `version`: a number, `latest` or an alias. Throws `Failure` SECRET_NOT_FOUND for none, or one that is not enabled. */
  access(id: string, version: string): Promise<{ readonly version: string; readonly value: Redacted<Uint8Array> }>;
  /** The newest value; undefined where there is none that can be read. */
  newest(id: string): Promise<{ readonly version: string; readonly value: Redacted<Uint8Array> } | undefined>;
  /** False: it was there. */
  create(id: string, labels: Readonly<Record<string, string>>): Promise<boolean>;
  /** The number of the new version. */
  add(id: string, value: Redacted<Uint8Array>): Promise<string>;
}

export function secretManager(google: Google, signal?: AbortSignal): SecretManager {
  const parent = `v1/projects/${google.project}`;
  const path = (id: string): string => `${parent}/secrets/${id}`;
  const request = <T>(call: Omit<Parameters<Google["request"]>[0], "api">): Promise<T> =>
    google.request<T>({ api, ...call, ...(signal === undefined ? {} : { signal }) });

  const access: SecretManager["access"] = async (id, version) => {
    const answer = await request<Access>({ path: `${path(id)}/versions/${version}:access` }).catch((error: unknown) => {
      throw isMissing(error) || isDisabled(error) || isApiOff(error) ? notReadable(id, version, error) : error;
    });
    const value = Buffer.from(answer.payload?.data ?? "", "base64");
    const sum = answer.payload?.dataCrc32c;
    if (sum !== undefined && BigInt(sum) !== BigInt(crc32c(value))) {
      throw new Failure({
        code: "API_ERROR",
        what: `the value of ${id} arrived damaged`,
        why: "Its CRC32C is not the one that Secret Manager sent.",
        next: "run it again",
      });
    }
    return { version: numberOf(answer.name), value: new Redacted<Uint8Array>(value) };
  };

  return {
    access,
    enable: async () => {
      const name = `v1/projects/${google.project}/services/${api}.googleapis.com`;
      const state = await google.request<{ state?: string }>({ api: "serviceusage", path: name });
      if (state.state === "ENABLED") return;
      const operation = await google.request<LongRunning>({
        ...{ api: "serviceusage", path: `${name}:enable`, verb: "POST" as const, body: {}, idempotent: true },
      });
      await google.wait(operation, { api: "serviceusage", version: "v1", ...(signal === undefined ? {} : { signal }) });
    },
    list: async () => {
      const found = await google.list<{ name: string; labels?: Record<string, string> }>(
        { api, path: `${parent}/secrets` },
        "secrets",
      );
      return found.map(({ name, labels }) => ({ id: numberOf(name), labels: labels ?? {} }));
    },
    find: async (id) => {
      try {
        const { labels } = await request<{ labels?: Record<string, string> }>({ path: path(id) });
        return { id, labels: labels ?? {} };
      } catch (error) {
        if (isMissing(error) || isApiOff(error)) return undefined;
        throw error;
      }
    },
    versions: async (id) => {
      const found = await google.list<{ name: string; state: Version["state"]; createTime: string }>(
        { api, path: `${path(id)}/versions` },
        "versions",
      );
      const versions = found.map(({ name, state, createTime }) => ({ number: numberOf(name), state, createTime }));
      return versions.sort((a, b) => Number(b.number) - Number(a.number));
    },
    newest: async (id) => {
      try {
        return await access(id, "latest");
      } catch (error) {
        if (error instanceof Failure && error.code === "SECRET_NOT_FOUND") return undefined;
        throw error;
      }
    },
    create: async (id, labels) => {
      const body = { replication: { automatic: {} }, labels };
      try {
        await request({ path: `${parent}/secrets`, verb: "POST", query: { secretId: id }, body });
        return true;
      } catch (error) {
        if (codeOf(error) === "ALREADY_EXISTS") return false;
        throw error;
      }
    },
    add: async (id, value) => {
      const data = Buffer.from(value.reveal());
      const payload = { data: data.toString("base64"), dataCrc32c: String(crc32c(data)) };
      const made = await request<{ name: string }>({ path: `${path(id)}:addVersion`, verb: "POST", body: { payload } });
      return numberOf(made.name);
    },
  };
}

interface Access {
  readonly name: string;
  readonly payload?: { readonly data?: string; readonly dataCrc32c?: string };
}

const numberOf = (name: string): string => name.slice(name.lastIndexOf("/") + 1);
const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && error.name === "GoogleError" ? (error as Error & { code: string }).code : undefined;
export const isMissing = (error: unknown): boolean => codeOf(error) === "NOT_FOUND";
export const isDenied = (error: unknown): boolean =>
  codeOf(error) === "PERMISSION_DENIED" && (error as { reason?: string }).reason !== "SERVICE_DISABLED";
export const isApiOff = (error: unknown): boolean =>
  (error as { reason?: string } | undefined)?.reason === "SERVICE_DISABLED";
const isDisabled = (error: unknown): boolean => codeOf(error) === "FAILED_PRECONDITION";

function notReadable(id: string, version: string, cause: unknown): Failure {
  const newest = version === "latest";
  const which = newest ? "newest version" : `version ${version}`;
  const none = newest ? `secret ${id} has no value` : `${id} has no ${which}`;
  return new Failure({
    code: "SECRET_NOT_FOUND",
    what: isDisabled(cause) ? `the ${which} of ${id} is disabled or destroyed` : none,
    next: newest ? `aloft secrets set ${id}` : "aloft secrets list",
    cause,
  });
}
