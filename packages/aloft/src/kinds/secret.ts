import type { SecretSpec } from "../app/specs.ts";
import type { Kind } from "./kind.ts";
import { gone } from "./lib/answers.ts";
import { foreign, isOurs, keptLabels, labelChanges } from "./lib/ownership.ts";
import { ensureSecret, type LiveSecret, observeSecret, ourSecrets, secretPath } from "./lib/secrets.ts";

/** `local` is the default environment and needs no flag. */
const envFlag = (env: string): string => (env === "local" ? "" : ` --env ${env}`);

/** A secret that people give a value. Its newest enabled version is pinned in the services that read it. */
export const secret: Kind<SecretSpec, LiveSecret> = {
  name: "secret",
  holdsData: true,

  observe: ({ id }, context) => observeSecret(id, context),

  diff: ({ place }, have) => (have === undefined ? [{ op: "create", why: "" }] : labelChanges({}, have.labels, place)),

  keeps: ({ place }, have) => keptLabels({}, have.labels, place),

  blockers: (want, have) => [
    ...foreign(want, have?.labels),
    ...(want.spec.wanted && have?.version === undefined
      ? [
          {
            address: want.address,
            code: "SECRET_VALUES_MISSING" as const,
            what: `secret ${want.id} has no value`,
            next: `aloft secrets set ${want.id}${envFlag(want.place.env)}`,
          },
        ]
      : []),
  ],

  apply: ({ id }, have, _changes, context) => ensureSecret(id, have, context),

  outputs: (_want, live) => (live?.version === undefined ? {} : { version: live.version }),

  status: ({ spec }, live) => {
    if (live === undefined) return { state: "absent" };
    if (live.version !== undefined) return { state: "ready", message: `version ${live.version}` };
    return { state: spec.wanted ? "failed" : "ready", message: "no value" };
  },

  isOurs: ({ labels }, place) => isOurs(labels, place),

  listOurs: (context) => ourSecrets(context),

  remove: ({ id }, { google, place, signal }) =>
    gone(
      google.request({
        api: "secretmanager",
        path: secretPath(id, place),
        verb: "DELETE",
        ...(signal ? { signal } : {}),
      }),
    ),
};
