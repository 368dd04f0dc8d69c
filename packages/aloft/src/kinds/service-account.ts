import { GoogleError } from "@aloft/google";
import type { ServiceAccountSpec } from "../app/specs.ts";
import type { Kind, KindContext, Place } from "./kind.ts";
import { alreadyThere, gone, orAbsent } from "./lib/answers.ts";
import { foreignMarker, marker } from "./lib/ownership.ts";

/** The part of iam v1's ServiceAccount that matters here. */
interface LiveAccount {
  readonly email: string;
  readonly displayName?: string;
  readonly description?: string;
  readonly disabled?: boolean;
  readonly etag?: string;
  /** Its number: a later account of the same name has another. */
  readonly uniqueId?: string;
}

/** `storymimi-api@my-project.iam.gserviceaccount.com`; a domain's project `a.com:p` reads `p.a.com`. */
export function emailOf(id: string, { project }: Pick<Place, "project">): string {
  const domain = project.includes(":") ? project.split(":").reverse().join(".") : project;
  return `${id}@${domain}.iam.gserviceaccount.com`;
}

const pathOf = (id: string, place: Place): string =>
  `v1/projects/${place.project}/serviceAccounts/${emailOf(id, place)}`;

/** The identity that a service runs as. It has no labels: its description starts with `aloft:<app>/<env>`. */
export const serviceAccount: Kind<ServiceAccountSpec, LiveAccount> = {
  name: "service-account",

  observe: ({ id }, context) => accountOf(emailOf(id, context.place), context),

  diff: ({ place }, have) => {
    if (have === undefined) return [{ op: "create", why: "" }];
    const adopted = have.description?.startsWith(marker(place)) === true;
    return [
      ...(adopted ? [] : [{ op: "update", field: "description", why: "adopted" } as const]),
      ...(have.disabled === true ? [{ op: "repair", field: "disabled", why: "is disabled" } as const] : []),
    ];
  },

  blockers: (want, have) => foreignMarker(want, have?.description),

  apply: async ({ id, spec, place }, have, changes, { google, signal }) => {
    const common = { api: "iam", ...(signal ? { signal } : {}) };
    if (have === undefined) {
      const body = { accountId: id, serviceAccount: { displayName: spec.displayName, description: marker(place) } };
      const path = `v1/projects/${place.project}/serviceAccounts`;
      try {
        return await google.request<LiveAccount>({ ...common, path, verb: "POST", body, idempotent: true });
      } catch (thrown) {
        if (!alreadyThere(thrown)) throw thrown;
        return google.request<LiveAccount>({ ...common, path: pathOf(id, place) });
      }
    }
    const path = pathOf(id, place);
    if (changes.some(({ field }) => field === "disabled")) {
      await google.request({ ...common, path: `${path}:enable`, verb: "POST", body: {}, idempotent: true });
    }
    if (changes.some(({ field }) => field === "description")) {
      const description = [marker(place), have.description].filter(Boolean).join(" ").slice(0, 256);
      const body = { serviceAccount: { description, etag: have.etag }, updateMask: "description" };
      await google.request({ ...common, path, verb: "PATCH", body, idempotent: true });
    }
    return google.request<LiveAccount>({ ...common, path });
  },

  outputs: ({ id, place }) => ({ email: emailOf(id, place) }),

  status: ({ id, place }, live) => {
    if (live === undefined) return { state: "absent" };
    return live.disabled === true
      ? { state: "failed", message: "disabled" }
      : { state: "ready", message: emailOf(id, place) };
  },

  /** https://cloud.google.com/iam/reference/rest/v1/projects.serviceAccounts/undelete: 30 days */
  held: ({ live: { email, uniqueId } }) => [
    {
      what:
        "can be undeleted, unless aloft up made a new one of its name meanwhile; that one is granted what the file says, " +
        `and not what others gave the old one (deleted:serviceAccount:${email}?uid=${uniqueId ?? "…"})`,
      forMs: 30 * 24 * 60 * 60_000,
      ...(uniqueId === undefined ? {} : { next: `gcloud iam service-accounts undelete ${uniqueId}` }),
    },
  ],

  isOurs: ({ description }, place) => bearsMarker(description, place),

  listOurs: async (context) => {
    const all = await orAbsent(ourAccounts(context));
    return (all ?? []).map((live) => ({ id: live.email.slice(0, live.email.indexOf("@")), live }));
  },

  remove: ({ id }, { google, place, signal }) =>
    gone(google.request({ api: "iam", path: pathOf(id, place), verb: "DELETE", ...(signal ? { signal } : {}) })),
};

/** One service account; read once a run. */
function accountOf(email: string, { google, once, place, signal }: KindContext): Promise<LiveAccount | undefined> {
  const path = `v1/projects/${place.project}/serviceAccounts/${email}`;
  return once(`service account ${email}`, () =>
    orAbsent(google.request<LiveAccount>({ api: "iam", path, ...(signal ? { signal } : {}) })),
  );
}

/**
 * Whether a member of a policy is a service account of this project that is gone. Its bindings may still bear its name for
 * a while; a new account of the same name does not inherit them. Who may not look takes it to be there.
 */
export async function isGone(member: string, context: KindContext): Promise<boolean> {
  const email = member.replace(/^serviceAccount:/, "");
  if (email === member || !email.endsWith(emailOf("", context.place))) return false;
  try {
    return (await accountOf(email, context)) === undefined;
  } catch (thrown) {
    if (thrown instanceof GoogleError && thrown.code === "PERMISSION_DENIED") return false;
    throw thrown;
  }
}

const bearsMarker = (description: string | undefined, place: Place): boolean =>
  (description ?? "").split(/\s/)[0] === marker(place);

/** All service accounts whose description bears our marker; read once a run. */
export function ourAccounts(context: Parameters<typeof serviceAccount.listOurs>[0]): Promise<readonly LiveAccount[]> {
  const { google, place, signal } = context;
  return context.once("our service accounts", async () => {
    const call = { api: "iam", path: `v1/projects/${place.project}/serviceAccounts`, query: { pageSize: 100 } };
    const all = await google.list<LiveAccount>({ ...call, ...(signal ? { signal } : {}) }, "accounts");
    return all.filter(({ description }) => bearsMarker(description, place));
  });
}
