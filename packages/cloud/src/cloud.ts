import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { MovableClock } from "@aloft/kit/clock";
import { type Ids, randomIds } from "@aloft/kit/ids";
import { type AdminCloud, createAdmin } from "./admin.ts";
import { type Late, lateKinds } from "./chain/late.ts";
import type { Preset } from "./chain/presets.ts";
import { type Composition, compose } from "./compose.ts";
import { createAuthority } from "./doors/authority.ts";
import { createCaStore, type LocalCa } from "./doors/ca-store.ts";
import { createDoors } from "./doors/http.ts";
import { openPort, type Port } from "./doors/port.ts";
import type { ProxyOptions } from "./doors/proxy.ts";
import type { Host, Iam } from "./host.ts";
import { createKeeping } from "./keeping.ts";
import type { CloudService, Principal } from "./service.ts";
import { services as allServices } from "./services/index.ts";
import type { Snapshot } from "./snapshots.ts";
import { takeStateFolder } from "./state-folder.ts";
import { principalOf } from "./who.ts";

export interface CloudOptions {
  /** 0, the default: a free one. Throws `Failure` PORT_IN_USE. */
  readonly port?: number;
  /** The state folder; in memory when absent. Throws `Failure` STATE_CORRUPT, STATE_TOO_NEW, CLOUD_START_FAILED. */
  readonly dir?: string;
  readonly clock?: MovableClock;
  readonly ids?: Ids;
  /** `enforce` by default. */
  readonly iam?: Iam["mode"];
  /** Projects that exist from the start, by id, with their number. */
  readonly projects?: Readonly<Record<string, number>>;
  /** Whether the owner's first call that names an unknown project makes it; true by default. */
  readonly newProjects?: boolean;
  /** Counts Google's quotas by the minute, and refuses what is above them; false by default. */
  readonly quotas?: boolean;
  /**
   * Policies, APIs, accounts and lists take as long to arrive as at Google, by the clock; false by default. Quotas count
   * then, unless `quotas` says otherwise.
   */
  readonly likeGoogle?: boolean;
  /** Some of that alone: policies, apis, accounts, lists, metrics, creates, instances. */
  readonly late?: readonly Late[];
  /** `no-billing`: no project has a billing account. `org`: an organisation's policies, as new ones have. */
  readonly presets?: readonly Preset[];
  /** How many times as fast as the computer's time the clock runs, 1 by default. Programs run no faster for it. */
  readonly clockRate?: number;
  /** What faults and lags are drawn from; the same each time by default. */
  readonly seed?: string;
  /** Every service of the local cloud by default. */
  readonly services?: readonly CloudService[];
  /** What becomes of other hosts that a program reaches through the cloud as its proxy. */
  readonly proxy?: ProxyOptions;
  /** Where the cloud's own log goes, a line at a time; standard error by default. */
  readonly log?: (line: string) => void;
}

export interface Cloud extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly host: Host;
  readonly clock: MovableClock;
  readonly adminToken: string;
  /** An access token of the laptop's owner, or of this e-mail. */
  token(as?: string): string;
  /** The local certificate authority, made at the first call; its files where the cloud has a state folder. */
  ca(): Promise<LocalCa>;
  /**
   * All that is stored now: to be put back by `restore`, as often as a test likes. Where a service keeps files (object
   * data, images, Redis), they are copied.
   */
  snapshot(): Snapshot;
  /** Everything is as it was at the snapshot, except the clock; what ran then is started again. */
  restore(snapshot: Snapshot): Promise<void>;
  /** Ends everything that it started. Safe to call twice. */
  close(): Promise<void>;
}

/** Of this package. */
export const version: string = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version;

/** Starts a local Google Cloud in this process. */
export async function startCloud(options: CloudOptions = {}): Promise<Cloud> {
  const log = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const say = (text: string): void => log(`[cloud] ${text}`);
  const onBug = (thrown: unknown): void =>
    log(`[cloud] bug: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`);
  const services = options.services ?? allServices;
  const adminToken = randomBytes(24).toString("base64url");
  const startedAt = new Date().toISOString();
  const folder = takeStateFolder(options.dir);
  let port: Port | undefined;
  let current: Composition;
  const address = (): string => `http://127.0.0.1:${port?.port ?? options.port ?? 0}`;
  const make = (): Composition =>
    compose({
      folder,
      services,
      clock: options.clock,
      clockRate: options.clockRate ?? 1,
      ids: options.ids ?? randomIds,
      iam: options.iam ?? "enforce",
      projects: options.projects ?? {},
      newProjects: options.newProjects ?? true,
      quotas: options.quotas ?? options.likeGoogle ?? false,
      late: new Set(options.likeGoogle === true ? lateKinds : options.late),
      presets: new Set(options.presets),
      seed: options.seed ?? "aloft",
      address,
      say,
      onBug,
    });
  try {
    current = make();
  } catch (thrown) {
    folder.release();
    throw thrown;
  }

  const caStore = createCaStore(options.dir);
  const authority = createAuthority(caStore);
  const ca = async (): Promise<LocalCa> => {
    const certificate = await authority.certificate();
    const files = caStore.publish(certificate);
    return { certificate, ...(files === undefined ? {} : { files }) };
  };
  const keeping = createKeeping({
    folder,
    now: () => current,
    renew: () => {
      current = make();
      return current;
    },
  });
  const who = (as: string | undefined): Principal => principalOf(current.host, as);
  const adminCloud: AdminCloud = {
    version,
    startedAt,
    adminToken,
    services,
    port: () => port?.port ?? 0,
    now: () => current,
    who,
    ca,
    keeping,
    reset: async () => {
      await keeping.reset();
      say("reset: every resource and its data are gone");
    },
  };
  const apiNames = new Set(services.map((service) => service.api));
  const doors = createDoors({
    inside: () => (keeping.replacing ? undefined : current),
    knows: (api) => apiNames.has(api),
    admin: createAdmin(adminCloud),
    onBug,
    authority,
    proxy: options.proxy ?? {},
    port: () => port?.port ?? 0,
  });
  try {
    port = await openPort(options.port ?? 0, doors);
  } catch (thrown) {
    current.release();
    folder.release();
    throw thrown;
  }
  await current.resume();
  // Whoever finds the file finds a cloud whose services are back.
  folder.announce({ port: port.port, pid: process.pid, version, adminToken, startedAt });

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= (async () => {
      await current.stop();
      await port?.close();
      current.release();
      keeping.release();
      folder.release();
    })());
  return {
    port: port.port,
    url: address(),
    get host() {
      return current.host;
    },
    get clock() {
      return current.host.clock;
    },
    adminToken,
    ca,
    snapshot: keeping.take,
    restore: keeping.restore,
    token: (as) => current.host.tokens.access({ principal: who(as) }).token,
    close,
    [Symbol.asyncDispose]: close,
  };
}
