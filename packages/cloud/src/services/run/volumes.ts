import type { Container, Volume } from "../../../gen/types/google/cloud/run/v2/k8s.min_pb.js";
import type { VolumeMount, VolumeSpec } from "../../machines/volumes/volume.ts";
import { idOf } from "./names.ts";
import type { Violation } from "./violations.ts";

const volumeName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const bucketName = /^[a-z0-9][-_.a-z0-9]{1,220}[a-z0-9]$/;
/** https://cloud.google.com/run/docs/configuring/services/secrets#disallowed_paths_and_limitations */
const takenPaths = /^\/(dev|proc|sys)(\/|$)/;
const readableByAll = 0o444;

/** What is wrong with the volumes of a template, and with where its containers mount them. */
export function checkVolumes(
  found: Violation[],
  template: { readonly volumes: readonly Volume[]; readonly containers: readonly Container[] },
  root: string,
): void {
  const names = new Set<string>();
  for (const [i, volume] of template.volumes.entries()) {
    const field = `${root}.volumes[${i}]`;
    if (!volumeName.test(volume.name)) {
      found.push({ field: `${field}.name`, description: "must be a DNS label of at most 63 characters (RFC 1123)." });
    } else if (names.has(volume.name)) {
      found.push({ field: `${field}.name`, description: `volume name '${volume.name}' is not unique.` });
    }
    names.add(volume.name);
    checkSource(found, volume, field);
  }
  for (const [i, container] of template.containers.entries()) {
    const paths = new Set<string>();
    for (const [j, mount] of container.volumeMounts.entries()) {
      const field = `${root}.containers[${i}].volume_mounts[${j}]`;
      if (!names.has(mount.name)) {
        found.push({ field: `${field}.name`, description: `volume '${mount.name}' does not exist.` });
      }
      const path = tidyPath(mount.mountPath);
      if (!mount.mountPath.startsWith("/") || path === "/" || path.split("/").includes("..")) {
        found.push({ field: `${field}.mount_path`, description: "should be a valid unix absolute path." });
      } else if (takenPaths.test(path)) {
        found.push({ field: `${field}.mount_path`, description: `path '${path}' is reserved.` });
      } else if (paths.has(path)) {
        found.push({ field: `${field}.mount_path`, description: `path '${path}' must be unique.` });
      }
      paths.add(path);
      if (mount.subPath.startsWith("/") || mount.subPath.split("/").includes("..")) {
        found.push({ field: `${field}.sub_path`, description: "should be a relative path without '..'." });
      }
    }
  }
}

function checkSource(found: Violation[], { volumeType }: Volume, field: string): void {
  switch (volumeType.case) {
    case undefined:
      found.push({ field, description: "exactly one volume source must be set." });
      return;
    case "secret": {
      const { secret, items } = volumeType.value;
      if (!/^(projects\/[^/]+\/secrets\/)?[A-Za-z0-9_-]{1,255}$/.test(secret)) {
        found.push({ field: `${field}.secret.secret`, description: "must be the name of a secret." });
      }
      const paths = new Set<string>();
      for (const [i, { path }] of items.entries()) {
        const at = `${field}.secret.items[${i}].path`;
        if (path === "" || path.startsWith("/") || path.split("/").includes("..")) {
          found.push({ field: at, description: "should be a relative path without '..'." });
        } else if (paths.has(path)) found.push({ field: at, description: `path '${path}' must be unique.` });
        paths.add(path);
      }
      return;
    }
    case "gcs":
      if (!bucketName.test(volumeType.value.bucket)) {
        found.push({ field: `${field}.gcs.bucket`, description: "must be the name of a Cloud Storage bucket." });
      }
  }
}

/** The volumes as the machines make them. Those that are not built here are refused before. */
export function volumeSpecs(volumes: readonly Volume[], project: string): readonly VolumeSpec[] {
  return volumes.flatMap(({ name, volumeType }): VolumeSpec[] => {
    switch (volumeType.case) {
      case "secret": {
        const { secret, items, defaultMode } = volumeType.value;
        const full = secret.includes("/") ? secret : `projects/${project}/secrets/${secret}`;
        const wanted = items.length === 0 ? [{ path: idOf(secret), version: "latest", mode: 0 }] : items;
        const files = wanted.map(({ path, version, mode }) => ({
          version: `${full}/versions/${version || "latest"}`,
          path: tidyPath(path).slice(1),
          mode: mode || defaultMode || readableByAll,
        }));
        return [{ name, kind: "secret", files }];
      }
      case "emptyDir":
        return [{ name, kind: "empty" }];
      case "gcs": {
        const { bucket, readOnly, mountOptions } = volumeType.value;
        const onlyDir = mountOptions.map((each) => /^(?:--)?only[-_]dir=(.+)$/.exec(each.trim())?.[1]).find(Boolean);
        return [{ name, kind: "bucket", bucket, readOnly, onlyDir: tidyPath(onlyDir ?? "").slice(1) }];
      }
      default:
        return [];
    }
  });
}

export function mountsOf(container: Pick<Container, "volumeMounts">): readonly VolumeMount[] {
  return container.volumeMounts.map(({ name, mountPath, subPath }) => ({
    volume: name,
    path: tidyPath(mountPath),
    ...(subPath === "" ? {} : { subPath: tidyPath(subPath).slice(1) }),
  }));
}

const tidyPath = (path: string): string => `/${path.split("/").filter(Boolean).join("/")}`;

/** The fields of volumes that are not built here, by name. */
export function unbuiltVolumes(volumes: readonly Volume[], at: string): string[] {
  return volumes.flatMap(({ volumeType }, i) =>
    volumeType.case === "cloudSqlInstance" || volumeType.case === "nfs"
      ? [`${at}[${i}].${snake[volumeType.case]}`]
      : [],
  );
}

const snake = { cloudSqlInstance: "cloud_sql_instance", nfs: "nfs" } as const;
