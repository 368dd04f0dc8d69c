import type { Schemas } from "../host.ts";
import type { Principal } from "../service.ts";
import type { LogStore } from "../store/logs.ts";
import { ownerEmail, type StoredProjects } from "../store/projects.ts";
import { admit } from "./admit.ts";
import { audit } from "./audit.ts";
import { createRepeats } from "./audit-repeats.ts";
import type { Chain } from "./chain.ts";
import type { Faults } from "./faults.ts";
import type { LocalIam } from "./iam.ts";
import { identify } from "./identity.ts";
import type { LikeGoogle } from "./like-google.ts";
import type { Quotas } from "./quotas.ts";
import type { LocalTokens } from "./tokens.ts";

/** With permissions off nobody need say who calls, as with an emulator. */
const owner: Principal = { kind: "user", email: ownerEmail };

/** The chain over the host's parts. `newProjects: false` refuses an owner's call that names an unknown project. */
export function createChain(parts: {
  readonly projects: StoredProjects;
  readonly iam: LocalIam;
  readonly tokens: LocalTokens;
  readonly logs: LogStore;
  readonly schemas: Schemas;
  readonly newProjects?: boolean;
  readonly faults: Faults;
  /** Google's limits; none are counted without. */
  readonly quotas?: Quotas | undefined;
  readonly likeGoogle?: LikeGoogle | undefined;
}): Chain {
  const { projects, iam, tokens, logs, schemas, newProjects = true, faults, quotas, likeGoogle } = parts;
  const isLocalAccount = (email: string): boolean => {
    const project = /@([a-z0-9-]+)\.iam\.gserviceaccount\.com$/.exec(email)?.[1];
    return project !== undefined && projects.get(project) !== undefined;
  };
  const repeats = createRepeats(logs, iam);
  return {
    identify: (headers, api) =>
      headers.authorization === undefined && iam.mode === "off"
        ? owner
        : identify(headers.authorization, api, { tokens, iam, isLocalAccount }),
    admit: (call, service, access, request) =>
      admit(call, service, access, request, { projects, iam, newProjects, likeGoogle }),
    meet: (call, access, request) => {
      quotas?.spend(call, access.resource(request));
      return faults.meet(call);
    },
    ...(likeGoogle === undefined ? {} : { answered: likeGoogle.listed }),
    audit: (call, access, request, outcome) =>
      audit(call, access, request, outcome, { iam, projects, logs, schemas, repeats }),
  };
}
