/** Where an image is, by its host and path: `us-central1-docker.pkg.dev/project/repo/image/more`. */
export interface ImageName {
  /** The region or multi-region (`us`) of the host. */
  readonly location: string;
  readonly project: string;
  readonly repository: string;
  /** What is below the repository, slashes and all: `image/more`. */
  readonly image: string;
}

export interface ImageRef extends ImageName {
  /** A digest when the reference names one (a tag beside it is then of no account), else a tag, `latest` by default. */
  readonly reference: string;
}

const hostPattern = /^([a-z]+[a-z0-9-]*)-docker\.pkg\.dev$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;
const componentPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** The location that a registry host serves; undefined for another host. */
export const locationOfHost = (host: string): string | undefined => hostPattern.exec(host)?.[1];

export const registryHost = (location: string): string => `${location}-docker.pkg.dev`;

export const isDigest = (text: string): boolean => digestPattern.test(text);

export const isTag = (text: string): boolean => tagPattern.test(text);

/** `project/repo/image/more` of the distribution API; undefined when it is malformed or shorter. */
export function parseImagePath(location: string, path: string): ImageName | undefined {
  const parts = path.split("/");
  const [project, repository, ...image] = parts;
  if (project === undefined || repository === undefined || image.length === 0) return undefined;
  if (!parts.slice(1).every((part) => componentPattern.test(part)) || path.length > 255) return undefined;
  return { location, project, repository, image: image.join("/") };
}

/** An image reference as Cloud Run and docker write it; undefined when it is not one of this registry. */
export function parseImageRef(ref: string): ImageRef | undefined {
  const slash = ref.indexOf("/");
  const location = locationOfHost(ref.slice(0, slash));
  if (slash < 0 || location === undefined) return undefined;
  const at = ref.indexOf("@", slash);
  const digest = at < 0 ? undefined : ref.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) return undefined;
  const named = ref.slice(slash + 1, at < 0 ? undefined : at);
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const tag = colon < 0 ? "latest" : named.slice(colon + 1);
  const image = parseImagePath(location, colon < 0 ? named : named.slice(0, colon));
  if (image === undefined || !isTag(tag)) return undefined;
  return { ...image, reference: digest ?? tag };
}

/** The resource name of the repository that holds an image. */
export const repositoryOf = (image: Pick<ImageName, "project" | "location" | "repository">): string =>
  `projects/${image.project}/locations/${image.location}/repositories/${image.repository}`;

/** The parts of `projects/p/locations/l/repositories/r`; undefined for another name. */
export function parseRepository(
  name: string,
): { readonly project: string; readonly location: string; readonly repository: string } | undefined {
  const match = /^projects\/([^/]+)\/locations\/([^/]+)\/repositories\/([^/]+)$/.exec(name);
  if (match === null) return undefined;
  return { project: match[1] as string, location: match[2] as string, repository: match[3] as string };
}
