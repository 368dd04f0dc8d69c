import type { Host } from "../../host.ts";
import { anyRow } from "../../store/any-row.ts";
import type { Instances } from "./instances.ts";

export const instancesKey = "redis.instances";

/** The instances where they were made; for the cloud's end. */
export const runningInstances = (host: Host): Instances | undefined =>
  host.shared<Instances | undefined>(instancesKey, () => undefined);

/** Whether there is an instance at all, asked without loading anything. */
export const anyInstances = (host: Host): boolean => anyRow(host, "redis_instances");
