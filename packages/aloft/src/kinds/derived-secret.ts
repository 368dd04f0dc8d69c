import { Redacted } from "@aloft/kit/redaction";
import type { DerivedSecretSpec } from "../app/specs.ts";
import type { Kind } from "./kind.ts";
import { foreign, keptLabels, labelChanges } from "./lib/ownership.ts";
import { accessVersion, addVersion, ensureSecret, type LiveSecret, observeSecret } from "./lib/secrets.ts";

interface LiveDerived extends LiveSecret {
  /** Of its newest enabled version. */
  readonly value?: Redacted<string>;
}

/**
 * A secret whose value another resource gives (a Redis's address). A version is added when the value changed, never
 * otherwise. It goes with the `secret` kind's listing: both are secrets of ours.
 */
export const derivedSecret: Kind<DerivedSecretSpec, LiveDerived> = {
  name: "derived-secret",

  observe: async ({ id }, context) => {
    const live = await observeSecret(id, context);
    if (live?.version === undefined) return live;
    return { ...live, value: await accessVersion(id, live.version, context) };
  },

  diff: ({ spec, place }, have) => {
    if (have === undefined) return [{ op: "create", why: "" }];
    const labels = labelChanges({}, have.labels, place);
    if (typeof spec.value === "string" && have.value?.reveal() === spec.value) return labels;
    const after = typeof spec.value === "string" ? "" : ` after ${spec.value.$ref}`;
    return [...labels, { op: "update", field: "value", why: `version ${have.version ?? "none"} → new${after}` }];
  },

  keeps: ({ place }, have) => keptLabels({}, have.labels, place),

  blockers: (want, have) => foreign(want, have?.labels),

  apply: async ({ id, spec }, have, _changes, context) => {
    if (typeof spec.value !== "string") throw new Error(`${id}: its value is not known`);
    const value = new Redacted(spec.value);
    const live = await ensureSecret(id, have, context);
    if (have?.version !== undefined && have.value?.reveal() === spec.value)
      return { ...live, version: have.version, value };
    return { ...live, version: await addVersion(id, value, context), value };
  },

  outputs: ({ spec }, live) =>
    live?.version !== undefined && typeof spec.value === "string" && live.value?.reveal() === spec.value
      ? { version: live.version }
      : {},

  status: (_want, live) => {
    if (live === undefined) return { state: "absent" };
    return live.version === undefined
      ? { state: "failed", message: "no value" }
      : { state: "ready", message: `version ${live.version}` };
  },

  listOurs: async () => [],
  remove: async () => {},
};
