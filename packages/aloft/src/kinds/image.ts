import type { ImageSpec } from "../app/specs.ts";
import type { Image, RegistryTarget } from "../image/image.ts";
import type { Kind, KindContext, Want } from "./kind.ts";
import { orAbsent } from "./lib/answers.ts";

interface LiveImage {
  /** By its digest: `us-central1-docker.pkg.dev/p/repo/api@sha256:…`. */
  readonly reference: string;
  /** Whether the registry has it. */
  readonly pushed: boolean;
  /** What was packed from the entry. */
  readonly packed?: Image;
}

const manifests = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** Where the packed image goes: `us-central1-docker.pkg.dev` and `project/repository/image`. */
function placeOf({ id, spec, place }: Want<ImageSpec>): { readonly host: string; readonly repository: string } {
  const project = place.project.replace(":", "/");
  return { host: `${place.region}-docker.pkg.dev`, repository: `${project}/${spec.repository}/${id}` };
}

const targetOf = (want: Want<ImageSpec>, { google }: KindContext): RegistryTarget => {
  const { host, repository } = placeOf(want);
  return { endpoint: google.base(host), repository, token: () => google.token() };
};

function hasRepository({ spec, place }: Want<ImageSpec>, { google, once, signal }: KindContext): Promise<boolean> {
  const path = `v1/projects/${place.project}/locations/${place.region}/repositories/${spec.repository}`;
  return once(`repository ${path}`, async () => {
    const call = { api: "artifactregistry", path, ...(signal ? { signal } : {}) };
    return (await orAbsent(google.request(call))) !== undefined;
  });
}

/** The digest behind a tag, as the registry says; undefined when it has none of that name. */
async function resolveTag(given: string, { google, signal }: KindContext): Promise<string | undefined> {
  const [name = "", tag = "latest"] = given.split(/:(?=[^/]*$)/);
  const host = name.slice(0, name.indexOf("/"));
  const answer = await google.fetch(`https://${host}/v2/${name.slice(host.length + 1)}/manifests/${tag}`, {
    method: "HEAD",
    headers: { accept: manifests, authorization: `Bearer ${await google.token()}` },
    ...(signal ? { signal } : {}),
  });
  const digest = answer.headers.get("docker-content-digest");
  return answer.ok && digest !== null ? `${name}@${digest}` : undefined;
}

/**
 * A container's image, by digest: packed from an entry (the same input gives the same digest, so that the plan knows
 * it) and pushed where the registry lacks it; or a given tag, resolved. Images go with their repository.
 */
export const image: Kind<ImageSpec, LiveImage> = {
  name: "image",

  observe: async (want, context) => {
    const { from } = want.spec;
    if ("given" in from) {
      const reference = await resolveTag(from.given, context);
      return reference === undefined ? undefined : { reference, pushed: true };
    }
    const [{ pack }, { has }] = await Promise.all([import("../image/pack.ts"), import("../image/push.ts")]);
    const { host, repository } = placeOf(want);
    const packed = await context.once(`pack ${JSON.stringify(from)}`, () =>
      pack({ ...from, folder: context.folder }, { cache: context.cache, onProgress: context.progress }),
    );
    // Without its repository (or with the API off) the registry answers 403 to everything.
    const pushed = (await hasRepository(want, context)) && (await has(packed.digest, targetOf(want, context)));
    return { reference: `${host}/${repository}@${packed.digest}`, pushed, packed };
  },

  diff: ({ spec }, have) => {
    if (have?.pushed === true || "given" in spec.from) return [];
    return [{ op: "create", why: have === undefined ? "" : shortDigest(have.reference) }];
  },

  blockers: ({ address, spec }, have) =>
    "given" in spec.from && have === undefined
      ? [
          {
            address,
            code: "CONFIG_INVALID",
            what: `there is no image ${spec.from.given}`,
            next: "push it, or name another with image:",
          },
        ]
      : [],

  apply: async (want, have, _changes, context) => {
    if (have?.packed === undefined) throw new Error(`${want.address}: nothing was packed`);
    const { push } = await import("../image/push.ts");
    // A tag that never moves: it says where the image is from, and keeps it from clean-up rules for untagged ones.
    const tag = `${want.place.env}-${have.packed.digest.slice("sha256:".length, 19)}`;
    await push(have.packed, targetOf(want, context), tag, context.progress);
    return { ...have, pushed: true };
  },

  outputs: (_want, live) => (live === undefined ? {} : { image: live.reference }),

  listOurs: async () => [],
  remove: async () => {},
};

/** `sha256:0123456789ab` */
const shortDigest = (reference: string): string => reference.slice(reference.indexOf("@") + 1).slice(0, 19);
