import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { DockerImageSchema } from "../../../gen/types/google/devtools/artifactregistry/v1/artifact_pb.js";
import type { ArtifactRegistry } from "../../../gen/types/google/devtools/artifactregistry/v1/service_pb.js";
import type { Host } from "../../host.ts";
import type { Methods } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import type { ManifestRow } from "./content.ts";
import { isDigest, parseRepository, registryHost } from "./names.ts";
import { page } from "./pages.ts";
import { invalid } from "./rules.ts";
import type { ArtifactStore } from "./store.ts";

/** `dockerImages`: each manifest of a repository, with its tags. */
export function imageMethods(host: Host, { content, repositories }: ArtifactStore): Methods<typeof ArtifactRegistry> {
  const present = (row: ManifestRow): MessageInitShape<typeof DockerImageSchema> => {
    const { project = "", location = "", repository = "" } = parseRepository(row.repository) ?? {};
    return {
      name: `${row.repository}/dockerImages/${encodeURIComponent(row.image)}@${row.digest}`,
      uri: `${registryHost(location)}/${project}/${repository}/${row.image}@${row.digest}`,
      tags: content
        .tags(row.repository, row.image)
        .filter((tag) => tag.digest === row.digest)
        .map((tag) => tag.tag),
      imageSizeBytes: BigInt(row.size),
      uploadTime: timestampFromMs(row.createdMs),
      updateTime: timestampFromMs(row.updatedMs),
      mediaType: row.mediaType,
      ...(row.builtMs === null ? {} : { buildTime: timestampFromMs(row.builtMs) }),
    };
  };

  return {
    listDockerImages: {
      permission: "artifactregistry.dockerimages.list",
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        const parent = host.projects.canonical(request.parent);
        if (!repositories.exists(parent)) throw missing();
        const { items, nextPageToken } = page(content.manifests(parent), request, parent);
        return { dockerImages: items.map(present), nextPageToken };
      },
    },
    getDockerImage: {
      permission: "artifactregistry.dockerimages.get",
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => {
        const match = /^(.+)\/dockerImages\/([^/]+)@(sha256:[0-9a-f]+)$/.exec(host.projects.canonical(request.name));
        if (match === null) throw invalid(`Invalid name of a docker image: ${request.name}`);
        const [, repository = "", image = "", digest = ""] = match;
        const row = isDigest(digest) ? content.manifest(repository, decodeURIComponent(image), digest) : undefined;
        if (row === undefined) throw missing();
        return present(row);
      },
    },
  };
}

export const missing = (): RpcError => new RpcError("NOT_FOUND", "Requested entity was not found.");
