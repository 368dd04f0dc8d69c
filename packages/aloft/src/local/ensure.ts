import { Failure } from "@aloft/kit/failure";
import { type Admin, adminAt } from "./admin.ts";
import { type Place, placeOf } from "./place.ts";
import { isOlder, startCloudAt } from "./start.ts";

export interface LocalCloud {
  /** `http://127.0.0.1:4510`: every Google host is a path prefix of it. */
  readonly origin: string;
  /** Its state folder. */
  readonly dir: string;
  readonly admin: Admin;
  readonly credentials: {
    readonly token: () => Promise<string>;
    readonly idToken: (audience: string) => Promise<string>;
  };
}

export interface EnsureOptions {
  readonly cwd: string;
  readonly environ: NodeJS.ProcessEnv;
  readonly config?: string;
  readonly version: string;
  readonly note: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** The local cloud that the environment `local` speaks to, started (and said so) where it does not run. */
export async function ensureLocalCloud(options: EnsureOptions): Promise<LocalCloud> {
  let place = placeOf(options);
  const known = place.file !== undefined && !isOlder(place.file.version, options.version);
  const first = known ? await firstToken(place) : undefined;
  if (first === undefined) {
    const started = await startCloudAt(place, options);
    place = started.place;
    if (started.started)
      options.note(`The local cloud was not running: started at ${originOf(place)} (${started.log}).`);
  }
  const admin = adminAt(place);
  return { origin: originOf(place), dir: place.dir, admin, credentials: credentialsOf(admin, first) };
}

const originOf = (place: Place): string => `http://${place.host}:${place.port}`;

/** A token is also the proof that it runs, in one call. Undefined: it does not. */
async function firstToken(place: Place): Promise<string | undefined> {
  try {
    return (await adminAt(place).token()).token;
  } catch (thrown) {
    if (thrown instanceof Failure && ["CLOUD_NOT_RUNNING", "CREDENTIALS_MISSING"].includes(thrown.code))
      return undefined;
    throw thrown;
  }
}

/** Tokens of the laptop's user last an hour of the cloud's clock, which a test may move: half of that is used. */
const tokenUseMs = 30 * 60_000;

function credentialsOf(admin: Admin, first: string | undefined): LocalCloud["credentials"] {
  let held = first === undefined ? undefined : { token: Promise.resolve(first), atMs: performance.now() };
  return {
    token: () => {
      if (held === undefined || performance.now() - held.atMs > tokenUseMs) {
        const asked = { token: admin.token().then(({ token }) => token), atMs: performance.now() };
        asked.token.catch(() => {
          if (held === asked) held = undefined;
        });
        held = asked;
      }
      return held.token;
    },
    idToken: async (audience) => (await admin.token({ audience })).token,
  };
}
