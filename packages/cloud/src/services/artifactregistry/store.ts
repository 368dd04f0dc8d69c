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
    return { repositories: createRepositories(host), content, blobs, registry: createRegistry(host, content, blobs) };
  });
}

/** The same where it was made; for the cloud's end. */
export const openStore = (host: Host): ArtifactStore | undefined =>
  host.shared<ArtifactStore | undefined>(registryKey, () => undefined);

/** The registry of this cloud, for those who pull without HTTP. Cheap; the same one at each call. */
export const registryOf = (host: Host): Registry => artifactStore(host).registry;

function createRepositories({ db, schemas }: Host): Repositories {
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
    immutableTags: (name) => {
      const config = stored.get(name)?.formatConfig;
      return config?.case === "dockerConfig" && config.value.immutableTags;
    },
  };
}

function createRegistry(host: Host, content: Content, blobs: Blobs): Registry {
  return {
    resolve: (ref) => {
      const image = parseImageRef(ref);
      if (image === undefined) return undefined;
      const project = host.projects.get(image.project)?.id ?? image.project;
      const repository = repositoryOf({ ...image, project });
      const digest = isDigest(image.reference)
        ? image.reference
        : content.tagged(repository, image.image, image.reference);
      const row = digest === undefined ? undefined : content.manifest(repository, image.image, digest);
      return row && { digest: row.digest, mediaType: row.mediaType, bytes: row.bytes };
    },
    blob: (digest) => (isDigest(digest) ? blobs.find(digest) : undefined),
  };
}
