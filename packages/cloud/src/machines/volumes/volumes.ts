import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "@aloft/kit/failure";
import { RpcError } from "../../wire/rpc-error.ts";
import { readSecret } from "../instances/secrets.ts";
import type { ContainerSpec, RevisionSpec } from "../machines.ts";
import type { MachinesPorts } from "../ports.ts";
import { RevisionProblem } from "../problem.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { words } from "../words.ts";
import { bucketVolume } from "./bucket-volume.ts";
import { secretVolume } from "./secret-volume.ts";
import type { Mount, Volume, VolumeSpec } from "./volume.ts";

export interface VolumeParts extends Pick<MachinesPorts, "secrets" | "buckets" | "dir" | "note"> {
  readonly sandbox: Pick<Sandbox, "kind" | "why">;
  readonly warn: (text: string) => void;
}

/** The volumes of one instance. */
export interface Volumes {
  mountsOf(container: Pick<ContainerSpec, "mounts">): readonly Mount[];
  /** After its programs have ended. */
  close(): Promise<void>;
}

const none: Volumes = { mountsOf: () => [], close: async () => undefined };

/** Makes an instance's volumes. Throws `RevisionProblem` for the first that cannot be: no such secret, no such bucket. */
export async function openVolumes(spec: RevisionSpec, instance: string, parts: VolumeParts): Promise<Volumes> {
  const specs = spec.volumes ?? [];
  if (specs.length === 0) return none;
  if (parts.sandbox.kind === "plain") {
    throw new RevisionProblem(
      "HealthCheckContainerError",
      `Volumes need a sandbox, and this machine has none: ${parts.sandbox.why}.`,
    );
  }
  const root = join(parts.dir, "instances", `${instance.slice(0, 24)}-volumes`);
  const made = new Map<string, Volume>();
  const close = async (): Promise<void> => {
    for (const volume of made.values()) await volume.close().catch((thrown) => parts.warn(messageOf(thrown)));
    await rm(root, { recursive: true, force: true, maxRetries: 2 }).catch(() => undefined);
  };
  try {
    for (const each of specs) made.set(each.name, await open(each, join(root, each.name), spec, parts));
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return {
    mountsOf: ({ mounts = [] }) =>
      mounts
        .toSorted((a, b) => a.path.length - b.path.length)
        .flatMap(({ volume, path, subPath = "" }) => {
          const found = made.get(volume);
          if (found === undefined) return [];
          const from = join(found.dir, subPath);
          if (subPath !== "" && !found.readOnly) mkdirSync(from, { recursive: true });
          return [{ from, to: path, readOnly: found.readOnly }];
        }),
    close,
  };
}

async function open(each: VolumeSpec, dir: string, spec: RevisionSpec, parts: VolumeParts): Promise<Volume> {
  switch (each.kind) {
    case "secret":
      parts.note(
        "run/volumes/secret",
        "Secrets mounted as files with a version like `latest` are fetched again every second, not at each read.",
      );
      return secretVolume(each, { dir, read: (version) => readSecret(spec, parts.secrets, version) });
    case "empty":
      parts.note("run/volumes/empty", "An emptyDir volume is a folder on the disk: its sizeLimit is not enforced.");
      mkdirSync(dir, { recursive: true });
      return { dir, readOnly: false, close: async () => undefined };
    case "bucket": {
      const { warn } = parts;
      const files = await parts.buckets?.();
      if (files === undefined)
        throw new RevisionProblem("HealthCheckContainerError", "There is no Cloud Storage here.");
      parts.note(
        "run/volumes/bucket",
        "A bucket's volume is a folder that is kept as the bucket is: all of it is copied at an instance's start, files are uploaded a moment after they were last written, and gcsfuse's mount options other than only-dir have no effect.",
      );
      const as = { kind: "serviceAccount", email: spec.serviceAccount } as const;
      try {
        return await bucketVolume(each, { dir, work: `${dir}.work`, files, as, warn });
      } catch (thrown) {
        if (!(thrown instanceof RpcError)) throw thrown;
        throw new RevisionProblem(
          "HealthCheckContainerError",
          words.mountFailed(each.name, each.bucket, thrown.message),
          thrown,
        );
      }
    }
  }
}
