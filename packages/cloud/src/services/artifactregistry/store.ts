import type {
  Repository,
  RepositorySchema,
} from "../../../gen/types/google/devtools/artifactregistry/v1/repository_pb.js";
import type { Host } from "../../host.ts";
import { type Collection, collection } from "../../store/collection.ts";
import { type Blobs, createBlobs } from "./blobs.ts";
import { type Content, createContent } from "./content.ts";
import { isDigest, parseImageRef, parseRepository, repositoryOf } from "./names.ts";
import { type Registry, registryKey } from "./registry.ts";

/** A repository by its name's parts. */
export interface RepositoryPlace {
  readonly name: string;
  readonly project: string;
  readonly location: string;
  readonly repository: string;
}

export interface Repositories {
  readonly stored: Collection<typeof RepositorySchema>;
  exists(name: string): boolean;
  all(): RepositoryPlace[];
  /** Where what is pulled from this repository is looked for, in order: itself, or a virtual one's upstreams. */
  sources(name: string): readonly string[];
  /** Whether tags of this repository, once set, stay. */
  immutableTags(name: string): boolean;
}

/** All that the API and the registry of one cloud work on. */
export interface ArtifactStore {
  readonly repositories: Repositories;
  readonly content: Content;
  readonly blobs: Blobs;
  readonly registry: Registry;
}

/** The one of this cloud, made at first use. */
export function artifactStore(host: Host): ArtifactStore {
  return host.shared(registryKey, () => {
    const content = createContent(host.db);
    const blobs = createBlobs(host.files("registry"), host.ids);
    const repositories = createRepositories(host);
    return { repositories, content, blobs, registry: createRegistry(host, repositories, content, blobs) };
  });
}

/** The same where it was made; for the cloud's end. */
export const openStore = (host: Host): ArtifactStore | undefined =>
  host.shared<ArtifactStore | undefined>(registryKey, () => undefined);

/** The registry of this cloud, for those who pull without HTTP. Cheap; the same one at each call. */
export const registryOf = (host: Host): Registry => artifactStore(host).registry;

function createRepositories({ db, schemas, projects }: Host): Repositories {
  const stored = collection({
    db,
    schemas,
    table: "artifact_repositories",
    schema: schemas.message<typeof RepositorySchema>("google.devtools.artifactregistry.v1.Repository"),
  });
  return {
    stored,
    exists: stored.has,
    all: () =>
      stored.list().items.flatMap((message: Repository) => {
        const place = parseRepository(message.name);
        return place === undefined ? [] : [{ name: message.name, ...place }];
      }),
    sources: (name) => {
      const config = stored.get(name)?.modeConfig;
      if (config?.case !== "virtualRepositoryConfig") return [name];
      return [...config.value.upstreamPolicies]
        .sort((a, b) => b.priority - a.priority)
        .map((policy) => projects.canonical(policy.repository));
    },
    immutableTags: (name) => {
      const config = stored.get(name)?.formatConfig;
      return config?.case === "dockerConfig" && config.value.immutableTags;
    },
  };
}

function createRegistry(host: Host, repositories: Repositories, content: Content, blobs: Blobs): Registry {
  return {
    resolve: (ref) => {
      const image = parseImageRef(ref);
      if (image === undefined) return undefined;
      const project = host.projects.get(image.project)?.id ?? image.project;
      const repository = repositoryOf({ ...image, project });
      const row = content.pull(repositories.sources(repository), image.image, image.reference);
      return row && { digest: row.digest, mediaType: row.mediaType, bytes: row.bytes };
    },
    blob: (digest) => (isDigest(digest) ? blobs.find(digest) : undefined),
  };
}
