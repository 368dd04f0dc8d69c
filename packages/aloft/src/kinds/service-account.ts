import type { ServiceAccountSpec } from "../app/specs.ts";
import type { Kind, Place } from "./kind.ts";
import { gone, orAbsent } from "./lib/answers.ts";
import { foreignMarker, marker } from "./lib/ownership.ts";

/** The part of iam v1's ServiceAccount that matters here. */
interface LiveAccount {
  readonly email: string;
  readonly displayName?: string;
  readonly description?: string;
  readonly disabled?: boolean;
  readonly etag?: string;
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

  observe: ({ id, place }, { google, signal }) =>
    orAbsent(google.request<LiveAccount>({ api: "iam", path: pathOf(id, place), ...(signal ? { signal } : {}) })),

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
      return google.request<LiveAccount>({
        ...common,
        path: `v1/projects/${place.project}/serviceAccounts`,
        verb: "POST",
        body: { accountId: id, serviceAccount: { displayName: spec.displayName, description: marker(place) } },
      });
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

  listOurs: async (context) => {
    const all = await orAbsent(ourAccounts(context));
    return (all ?? []).map((live) => ({ id: live.email.slice(0, live.email.indexOf("@")), live }));
  },

  remove: ({ id }, { google, place, signal }) =>
    gone(google.request({ api: "iam", path: pathOf(id, place), verb: "DELETE", ...(signal ? { signal } : {}) })),
};

/** All service accounts whose description bears our marker; read once a run. */
export function ourAccounts(context: Parameters<typeof serviceAccount.listOurs>[0]): Promise<readonly LiveAccount[]> {
  const { google, place, signal } = context;
  return context.once("our service accounts", async () => {
    const call = { api: "iam", path: `v1/projects/${place.project}/serviceAccounts`, query: { pageSize: 100 } };
    const all = await google.list<LiveAccount>({ ...call, ...(signal ? { signal } : {}) }, "accounts");
    const ours = new RegExp(`^${marker(place)}(\\s|$)`);
    return all.filter(({ description }) => ours.test(description ?? ""));
  });
}
