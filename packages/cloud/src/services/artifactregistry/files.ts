import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Hash_HashType as HashType } from "../../../gen/artifactregistry-v1.enums.ts";
import type { FileSchema } from "../../../gen/types/google/devtools/artifactregistry/v1/file_pb.js";
import type { ArtifactRegistry } from "../../../gen/types/google/devtools/artifactregistry/v1/service_pb.js";
import type { Host } from "../../host.ts";
import type { Methods } from "../../service.ts";
import { compileFilter } from "../../wire/filter.ts";
import { missing } from "./images.ts";
import { isDigest } from "./names.ts";
import { page } from "./pages.ts";
import { invalid, unimplemented } from "./rules.ts";
import type { ArtifactStore } from "./store.ts";

/** The files of a docker repository: every manifest and blob that it has, by digest. */
export function fileMethods(host: Host, { content, repositories }: ArtifactStore): Methods<typeof ArtifactRegistry> {
  const schema = host.schemas.message<typeof FileSchema>("google.devtools.artifactregistry.v1.File");

  const present = (
    repository: string,
    file: { readonly digest: string; readonly size: number; readonly createdMs?: number; readonly image?: string },
  ): MessageInitShape<typeof FileSchema> => {
    const { digest, size, createdMs, image } = file;
    return {
      name: `${repository}/files/${digest}`,
      sizeBytes: BigInt(size),
      hashes: [{ type: HashType.SHA256, value: Buffer.from(digest.slice("sha256:".length), "hex") }],
      ...(createdMs === undefined
        ? {}
        : { createTime: timestampFromMs(createdMs), updateTime: timestampFromMs(createdMs) }),
      // A manifest is a version; a blob may be of many.
      ...(image === undefined
        ? {}
        : { owner: `${repository}/packages/${encodeURIComponent(image)}/versions/${digest}` }),
    };
  };

  const filesOf = (repository: string): MessageInitShape<typeof FileSchema>[] => {
    const manifests = new Map(
      content.manifests(repository).map((row) => [row.digest, { ...row, size: row.bytes.length }]),
    );
    const blobs = content.blobs(repository).filter(({ digest }) => !manifests.has(digest));
    return [...manifests.values(), ...blobs]
      .sort((a, b) => (a.digest < b.digest ? -1 : 1))
      .map((file) => present(repository, file));
  };

  return {
    listFiles: {
      permission: "artifactregistry.files.list",
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        const parent = host.projects.canonical(request.parent);
        if (!repositories.exists(parent)) throw missing();
        if (request.orderBy !== "" && request.orderBy !== "name") {
          throw unimplemented(`files of a repository by ${request.orderBy}`);
        }
        const keep = request.filter === "" ? () => true : compileFilter(request.filter, schema);
        const found = filesOf(parent).filter((file) => keep(host.schemas.create(schema, file)));
        const { items, nextPageToken } = page(found, request, `${parent} ${request.filter}`);
        return { files: [...items], nextPageToken };
      },
    },
    getFile: {
      permission: "artifactregistry.files.get",
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => {
        const name = host.projects.canonical(request.name);
        const [, repository = "", digest = ""] = /^(.+?)\/files\/(.+)$/.exec(name) ?? [];
        if (!isDigest(decodeURIComponent(digest))) throw invalid(`Invalid name of a file: ${request.name}`);
        const found = filesOf(repository).find(
          (file) => file.name === `${repository}/files/${decodeURIComponent(digest)}`,
        );
        if (found === undefined) throw missing();
        return found;
      },
    },
  };
}
