import { type EmptySchema, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  Repository_Mode,
  Repository_VulnerabilityScanningConfig_EnablementConfig as ScanningConfig,
  Repository_VulnerabilityScanningConfig_EnablementState as ScanningState,
} from "../../../gen/artifactregistry-v1.enums.ts";
import type {
  Repository,
  RepositorySchema,
} from "../../../gen/types/google/devtools/artifactregistry/v1/repository_pb.js";
import type { ArtifactRegistry } from "../../../gen/types/google/devtools/artifactregistry/v1/service_pb.js";
import { iamMethods } from "../../chain/iam-methods.ts";
import type { Host } from "../../host.ts";
import type { Methods } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { missing } from "./images.ts";
import { registryHost } from "./names.ts";
import { operate } from "./operations.ts";
import { api, applyMask, checkNew, invalid, parseLocation } from "./rules.ts";
import type { ArtifactStore } from "./store.ts";

const permission = (verb: string): string => `artifactregistry.repositories.${verb}`;

/** Repositories themselves: create, get, list, update, delete and their policies. */
export function repositoryMethods(host: Host, store: ArtifactStore): Methods<typeof ArtifactRegistry> {
  const { schemas, projects, clock } = host;
  const { stored } = store.repositories;
  const schema = schemas.message<typeof RepositorySchema>("google.devtools.artifactregistry.v1.Repository");
  const empty = schemas.message<typeof EmptySchema>("google.protobuf.Empty");

  const find = (given: string): Repository => {
    const found = stored.get(projects.canonical(given));
    if (found === undefined) throw missing();
    return found;
  };

  const scanned = (repository: Repository): Repository => {
    const [, project = ""] = repository.name.split("/");
    return { ...repository, ...scanningOf(repository, projects.enabled(project, "containerscanning.googleapis.com")) };
  };
  const present = (repository: Repository): Repository => ({
    ...scanned(repository),
    sizeBytes: BigInt(store.content.sizeOf(repository.name)),
  });
  /** Only what one repository is read as has its address: lists and updates lack it, as recorded. */
  const whole = (repository: Repository): Repository => {
    const [, project = "", , location = "", , id = ""] = repository.name.split("/");
    return { ...present(repository), registryUri: `${registryHost(location)}/${project}/${id}` };
  };

  const iam = iamMethods({ permissions: "artifactregistry.repositories", exists: (name) => void find(name) });

  return {
    createRepository: {
      permission: permission("create"),
      resource: (request) => request.parent,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const given = checkNew(request.parent, request.repositoryId, request.repository);
        const name = projects.canonical(`${request.parent}/repositories/${request.repositoryId}`);
        const now = timestampFromMs(clock.now());
        const repository = schemas.create(schema, {
          ...given,
          name,
          mode: given.mode || Repository_Mode.STANDARD_REPOSITORY,
          createTime: now,
          updateTime: now,
          satisfiesPzi: true,
        });
        if (Object.keys(repository.cleanupPolicies).length > 0) {
          host.note("artifactregistry.cleanup", "Artifact Registry: cleanup policies are stored and not run.");
        }
        // Google's operation answers the repository without its times (seen in live recordings).
        const { createTime: _c, updateTime: _u, ...answer } = scanned(repository);
        return operate(host, name, schema, () => {
          if (!stored.insert(name, repository)) throw new RpcError("ALREADY_EXISTS", "the repository already exists");
          return answer;
        });
      },
    },
    getRepository: {
      permission: permission("get"),
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => whole(find(request.name)),
    },
    listRepositories: {
      permission: permission("list"),
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        const { location } = parseLocation(request.parent);
        const parent = projects.canonical(request.parent);
        const within = location === "-" ? { under: parent.slice(0, -1) } : { parent };
        const { items, nextPageToken } = stored.list({
          ...within,
          pageSize: Math.min(request.pageSize || 100, 1000),
          pageToken: request.pageToken,
        });
        return { repositories: items.map(present), nextPageToken };
      },
    },
    updateRepository: {
      permission: permission("update"),
      resource: (request) => request.repository?.name ?? "",
      audit: "ADMIN_WRITE",
      handle: (request) => {
        if (request.repository === undefined) throw invalid("Field [repository] is required.");
        const repository = schemas.clone(schema, find(request.repository.name));
        applyMask(repository, request.repository, request.updateMask?.paths ?? []);
        repository.updateTime = timestampFromMs(clock.now());
        stored.put(repository.name, repository);
        return present(repository);
      },
    },
    deleteRepository: {
      permission: permission("delete"),
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const { name } = find(request.name);
        let orphans: string[] = [];
        const operation = operate(host, name, empty, () => {
          stored.delete(name);
          host.iam.removePolicies(`${api}/${name}`);
          orphans = store.content.removeRepository(name);
          return {};
        });
        for (const digest of orphans) store.blobs.drop(digest);
        return operation;
      },
    },
    ...iam,
  };
}

/** Nothing is scanned here, and so it says: as Google does where the scanner's API is off, or the mode knows no scans. */
function scanningOf(
  { mode, createTime, vulnerabilityScanningConfig: given }: Repository,
  apiOn: boolean,
): Pick<Repository, "vulnerabilityScanningConfig"> {
  const standard = mode === Repository_Mode.STANDARD_REPOSITORY;
  const why = apiOn ? "The local cloud does not scan." : "API containerscanning.googleapis.com is not enabled.";
  return {
    vulnerabilityScanningConfig: {
      $typeName: "google.devtools.artifactregistry.v1.Repository.VulnerabilityScanningConfig",
      enablementConfig: given?.enablementConfig ?? ScanningConfig.ENABLEMENT_CONFIG_UNSPECIFIED,
      enablementState: standard ? ScanningState.SCANNING_DISABLED : ScanningState.SCANNING_UNSUPPORTED,
      enablementStateReason: standard ? why : `Repository mode ${modeName(mode)} is not supported.`,
      ...(createTime === undefined ? {} : { lastEnableTime: createTime }),
    },
  };
}

const modeName = (mode: number): string =>
  Object.entries(Repository_Mode).find(([, number]) => number === mode)?.[0] ?? String(mode);
