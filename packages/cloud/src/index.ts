export { type Cloud, type CloudOptions, type LocalCa, startCloud } from "./cloud.ts";
export type { ProxyOptions } from "./doors/proxy.ts";
export type { Snapshot } from "./snapshots.ts";
