import type { Host, Project } from "../../host.ts";
import type { Oidc, ProviderContent } from "../iam/pools/rules.ts";
import { type Kept, poolsOf } from "../iam/pools/store.ts";
import { OauthError } from "./rules.ts";

/** A provider that may be asked, with what its names look like: the project is named by number in them. */
export interface Trusted {
  readonly provider: ProviderContent & { readonly oidc: Oidc };
  /** `projects/N/locations/global/workloadIdentityPools/POOL` */
  readonly pool: string;
  /** `projects/N/locations/global/workloadIdentityPools/POOL/providers/PROVIDER` */
  readonly name: string;
}

/** The provider of this name. Throws `OauthError` where it, or its pool, is not there, is deleted or disabled. */
export function trustedProvider(host: Host, project: Project | undefined, given: string): Trusted {
  const name = host.projects.canonical(given);
  const [pool = ""] = name.split("/providers/");
  const pools = poolsOf(host);
  const kept = pools.provider(name);
  const { oidc, aws, saml } = kept?.content ?? {};
  if (aws !== undefined || saml !== undefined) {
    throw new OauthError(
      "invalid_request",
      `The local cloud does not exchange credentials of ${aws === undefined ? "saml" : "aws"} providers of workload identity pools.`,
    );
  }
  if (project === undefined || !isOn(pools.pool(pool)) || !isOn(kept) || oidc === undefined) {
    throw new OauthError(
      "invalid_target",
      'The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn\'t exist.',
    );
  }
  const numbered = (id: string): string => id.replace(/^projects\/[^/]+/, `projects/${project.number}`);
  return { provider: { ...kept.content, oidc }, pool: numbered(pool), name: numbered(name) };
}

function isOn<C extends { readonly disabled?: boolean }>(kept: Kept<C> | undefined): kept is Kept<C> {
  return kept !== undefined && kept.deletedMs === undefined && kept.content.disabled !== true;
}
