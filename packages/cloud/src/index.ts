export { type Cloud, type CloudOptions, startCloud } from "./cloud.ts";
export type { LocalCa } from "./doors/ca-store.ts";
export type { ProxyOptions } from "./doors/proxy.ts";
export type { Snapshot } from "./snapshots.ts";
