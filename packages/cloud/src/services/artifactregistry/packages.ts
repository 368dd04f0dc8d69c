import type { MessageInitShape, JsonObject as StructValue } from "@bufbuild/protobuf";
import { type EmptySchema, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { PackageSchema } from "../../../gen/types/google/devtools/artifactregistry/v1/package_pb.js";
import type { ArtifactRegistry } from "../../../gen/types/google/devtools/artifactregistry/v1/service_pb.js";
import type { VersionSchema } from "../../../gen/types/google/devtools/artifactregistry/v1/version_pb.js";
import type { Host } from "../../host.ts";
import type { Methods } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import type { ManifestRow, TagRow } from "./content.ts";
import { missing } from "./images.ts";
import { isTag } from "./names.ts";
import { operate } from "./operations.ts";
import { page } from "./pages.ts";
import { invalid } from "./rules.ts";
import type { ArtifactStore } from "./store.ts";

const permission = (of: string): string => `artifactregistry.${of}`;

/** Packages (images without a version), their versions (digests) and tags, as Artifact Registry shows docker content. */
export function packageMethods(host: Host, store: ArtifactStore): Methods<typeof ArtifactRegistry> {
  const { content, repositories } = store;
  const empty = host.schemas.message<typeof EmptySchema>("google.protobuf.Empty");

  /** `REPOSITORY/packages/IMAGE` with what follows it; slashes of the image are `%2F`. */
  const parse = (name: string, below = ""): { repository: string; image: string; last: string } => {
    const match = new RegExp(`^(.+?)/packages/([^/]+)${below === "" ? "()" : `/${below}/([^/]+)`}$`).exec(
      host.projects.canonical(name),
    );
    if (match === null) throw invalid(`Invalid name: ${name}`);
    const [, repository = "", image = "", last = ""] = match;
    return { repository, image: decodeURIComponent(image), last };
  };

  const packageName = (repository: string, image: string): string =>
    `${repository}/packages/${encodeURIComponent(image)}`;

  const versionName = ({ repository, image, digest }: Pick<ManifestRow, "repository" | "image" | "digest">): string =>
    `${packageName(repository, image)}/versions/${digest}`;

  const annotationsOnly = (paths: readonly string[] | undefined): void => {
    for (const path of paths ?? []) {
      if (path !== "annotations") throw invalid(`Field "${path}" cannot be updated.`);
    }
  };

  const present = (repository: string, image: string): MessageInitShape<typeof PackageSchema> => {
    const rows = content.manifests(repository, image);
    if (rows.length === 0) throw missing();
    return {
      name: packageName(repository, image),
      createTime: timestampFromMs(Math.min(...rows.map((row) => row.createdMs))),
      updateTime: timestampFromMs(Math.max(...rows.map((row) => row.updatedMs))),
      annotations: content.annotations(packageName(repository, image)),
    };
  };

  const presentTag = (repository: string, row: TagRow) => ({
    name: `${packageName(repository, row.image)}/tags/${row.tag}`,
    version: `${packageName(repository, row.image)}/versions/${row.digest}`,
  });

  const presentVersion = (row: ManifestRow): MessageInitShape<typeof VersionSchema> => ({
    name: versionName(row),
    createTime: timestampFromMs(row.createdMs),
    updateTime: timestampFromMs(row.updatedMs),
    annotations: content.annotations(versionName(row)),
    relatedTags: content
      .tags(row.repository, row.image)
      .filter((tag) => tag.digest === row.digest)
      .map((tag) => presentTag(row.repository, tag)),
    metadata: {
      name: `${row.repository}/dockerImages/${encodeURIComponent(row.image)}@${row.digest}`,
      imageSizeBytes: String(row.size),
      mediaType: row.mediaType,
      ...(row.builtMs === null ? {} : { buildTime: new Date(row.builtMs).toISOString() }),
    } satisfies StructValue,
  });

  const version = (name: string): ManifestRow => {
    const { repository, image, last } = parse(name, "versions");
    const row = content.manifest(repository, image, last);
    if (row === undefined) throw missing();
    return row;
  };

  const tag = (name: string): { repository: string; row: TagRow } => {
    const { repository, image, last } = parse(name, "tags");
    const digest = content.tagged(repository, image, last);
    if (digest === undefined) throw missing();
    return { repository, row: { image, tag: last, digest } };
  };

  /** Sets a tag to the version that a message names, which must be of the same package. */
  const setTag = (name: string, target: string): { repository: string; row: TagRow } => {
    const { repository, image, last } = parse(name, "tags");
    if (!isTag(last)) throw invalid(`Invalid tag "${last}".`);
    const to = version(target);
    if (to.repository !== repository || to.image !== image) throw invalid("The version is of another package.");
    const row = { image, tag: last, digest: to.digest };
    content.putTag(repository, row);
    return { repository, row };
  };

  return {
    listPackages: {
      permission: permission("packages.list"),
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        const parent = host.projects.canonical(request.parent);
        if (!repositories.exists(parent)) throw missing();
        const { items, nextPageToken } = page(content.images(parent), request, parent);
        return { packages: items.map((image) => present(parent, image)), nextPageToken };
      },
    },
    getPackage: {
      permission: permission("packages.get"),
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => {
        const { repository, image } = parse(request.name);
        return present(repository, image);
      },
    },
    deletePackage: {
      permission: permission("packages.delete"),
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const { repository, image } = parse(request.name);
        present(repository, image);
        return operate(host, packageName(repository, image), empty, () => {
          content.removeImage(repository, image);
          content.removeAnnotations(packageName(repository, image));
          return {};
        });
      },
    },
    listVersions: {
      permission: permission("versions.list"),
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        const { repository, image } = parse(request.parent);
        const { items, nextPageToken } = page(content.manifests(repository, image), request, request.parent);
        return { versions: items.map(presentVersion), nextPageToken };
      },
    },
    getVersion: {
      permission: permission("versions.get"),
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => presentVersion(version(request.name)),
    },
    deleteVersion: {
      permission: permission("versions.delete"),
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const { repository, image, digest } = version(request.name);
        const tagged = content.tags(repository, image).some((row) => row.digest === digest);
        if (tagged && !request.force) {
          throw new RpcError("FAILED_PRECONDITION", "The version has tags; delete them first or set force.");
        }
        return operate(host, host.projects.canonical(request.name), empty, () => {
          content.removeManifest(repository, image, digest);
          content.removeAnnotations(versionName({ repository, image, digest }));
          return {};
        });
      },
    },
    updatePackage: {
      permission: permission("packages.update"),
      resource: (request) => request.package?.name ?? "",
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const { repository, image } = parse(request.package?.name ?? "");
        present(repository, image);
        annotationsOnly(request.updateMask?.paths);
        content.setAnnotations(packageName(repository, image), request.package?.annotations ?? {});
        return present(repository, image);
      },
    },
    updateVersion: {
      permission: permission("versions.update"),
      resource: (request) => request.version?.name ?? "",
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const row = version(request.version?.name ?? "");
        annotationsOnly(request.updateMask?.paths);
        content.setAnnotations(versionName(row), request.version?.annotations ?? {});
        return presentVersion(row);
      },
    },
    batchDeleteVersions: {
      permission: permission("versions.delete"),
      resource: (request) => request.parent,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const parent = host.projects.canonical(request.parent);
        if (request.names.length === 0) throw invalid("Field [names] is required.");
        const rows = request.names.map(version);
        for (const row of rows) {
          const own = packageName(row.repository, row.image);
          if (own !== parent && `${row.repository}/packages/-` !== parent) {
            throw invalid(`The version ${versionName(row)} is not in ${request.parent}.`);
          }
          if (content.tags(row.repository, row.image).some(({ digest }) => digest === row.digest)) {
            throw new RpcError("FAILED_PRECONDITION", `The version ${versionName(row)} has tags; delete them first.`);
          }
        }
        const work = (): object => {
          for (const row of request.validateOnly ? [] : rows) {
            content.removeManifest(row.repository, row.image, row.digest);
            content.removeAnnotations(versionName(row));
          }
          return {};
        };
        return operate(host, parent, empty, work, "BatchDeleteVersionsMetadata");
      },
    },
    listTags: {
      permission: permission("tags.list"),
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        const { repository, image } = parse(request.parent);
        const { items, nextPageToken } = page(content.tags(repository, image), request, request.parent);
        return { tags: items.map((row) => presentTag(repository, row)), nextPageToken };
      },
    },
    getTag: {
      permission: permission("tags.get"),
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => {
        const { repository, row } = tag(request.name);
        return presentTag(repository, row);
      },
    },
    createTag: {
      permission: permission("tags.create"),
      resource: (request) => request.parent,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const name = `${request.parent}/tags/${request.tagId}`;
        const { repository, image, last } = parse(name, "tags");
        if (content.tagged(repository, image, last) !== undefined) {
          throw new RpcError("ALREADY_EXISTS", "the tag already exists");
        }
        const set = setTag(name, request.tag?.version ?? "");
        return presentTag(set.repository, set.row);
      },
    },
    updateTag: {
      permission: permission("tags.update"),
      resource: (request) => request.tag?.name ?? "",
      audit: "ADMIN_WRITE",
      handle: (request) => {
        tag(request.tag?.name ?? "");
        const set = setTag(request.tag?.name ?? "", request.tag?.version ?? "");
        return presentTag(set.repository, set.row);
      },
    },
    deleteTag: {
      permission: permission("tags.delete"),
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const { repository, row } = tag(request.name);
        content.removeTag(repository, row.image, row.tag);
        return {};
      },
    },
  };
}
