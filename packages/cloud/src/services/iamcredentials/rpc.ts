import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { IAMCredentials } from "../../../gen/types/google/iam/credentials/v1/iamcredentials_pb.js";
import type { Account } from "../../chain/accounts.ts";
import type { Host } from "../../host.ts";
import { type Call, type Principal, type RpcService, rpc } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { canonicalAccount, mustBeAccount, resourceOf } from "../iam/store.ts";
import { checkJwtClaims, checkScopes, delegateAccount, lifetimeOf } from "./rules.ts";
import { signingKey } from "./store.ts";

interface Request {
  readonly name: string;
  readonly delegates: readonly string[];
}

/** `google.iam.credentials.v1.IAMCredentials`: what a service account may do, for who may act in its name. */
export function credentialsRpc(host: Host): RpcService {
  const named = (name: string): string => canonicalAccount(host, `projects/-/serviceAccounts/${delegateAccount(name)}`);

  // With delegates the caller needs nothing on the account itself: the last delegate does, each along the chain.
  const permission =
    (own: string) =>
    ({ delegates }: Request): string =>
      delegates.length === 0 ? own : "iam.serviceAccounts.implicitDelegation";
  const resource = ({ name, delegates }: Request): string => `//iam.googleapis.com/${named(delegates[0] ?? name)}`;

  /** The account asked for, after every link of the delegation was checked; and the chain that led there. */
  const delegated = (
    request: Request,
    call: Call,
    own: string,
  ): { readonly account: Account; readonly delegation: readonly string[] } => {
    const links = request.delegates.map((name) => live(named(name)));
    const account = live(named(request.name));
    links.forEach((link, i) => {
      const next = links[i + 1];
      const wanted = next === undefined ? own : "iam.serviceAccounts.implicitDelegation";
      host.iam.require(principalOf(link), [wanted], resourceOf(next ?? account).slice(2));
    });
    const { caller } = call;
    return { account, delegation: [...(caller.delegation ?? []), caller.email, ...links.map(({ email }) => email)] };
  };

  const live = (name: string): Account => {
    const account = mustBeAccount(host, name);
    if (account.disabled) throw new RpcError("FAILED_PRECONDITION", `Service account ${account.email} is disabled.`);
    return account;
  };

  const access = "iam.serviceAccounts.getAccessToken";
  const openId = "iam.serviceAccounts.getOpenIdToken";
  const blob = "iam.serviceAccounts.signBlob";
  const jwt = "iam.serviceAccounts.signJwt";
  return rpc<typeof IAMCredentials>("google.iam.credentials.v1.IAMCredentials", {
    generateAccessToken: {
      permission: permission(access),
      resource,
      audit: "DATA_READ",
      handle: (request, call) => {
        checkScopes(request.scope);
        const lifetimeS = lifetimeOf(request.lifetime === undefined ? undefined : Number(request.lifetime.seconds));
        const { account, delegation } = delegated(request, call, access);
        const { token, expiresAtMs } = host.tokens.access({
          principal: { ...principalOf(account), delegation },
          scopes: request.scope,
          lifetimeS,
        });
        return { accessToken: token, expireTime: timestampFromMs(expiresAtMs) };
      },
    },
    generateIdToken: {
      permission: permission(openId),
      resource,
      audit: "DATA_READ",
      handle: async (request, call) => {
        if (request.audience === "") throw new RpcError("INVALID_ARGUMENT", "Audience required.");
        const { account } = delegated(request, call, openId);
        const principal = principalOf(account);
        return {
          token: await host.tokens.id({ principal, audience: request.audience, includeEmail: request.includeEmail }),
        };
      },
    },
    signBlob: {
      permission: permission(blob),
      resource,
      audit: "DATA_READ",
      handle: async (request, call) => {
        const { account } = delegated(request, call, blob);
        const key = await signingKey(host, account.uniqueId);
        return { keyId: key.id, signedBlob: key.sign(request.payload) };
      },
    },
    signJwt: {
      permission: permission(jwt),
      resource,
      audit: "DATA_READ",
      handle: async (request, call) => {
        checkJwtClaims(request.payload, host.clock.now() / 1000);
        const { account } = delegated(request, call, jwt);
        const key = await signingKey(host, account.uniqueId);
        const header = { alg: "RS256", kid: key.id, typ: "JWT" };
        const body = `${base64url(JSON.stringify(header))}.${base64url(request.payload)}`;
        const signature = Buffer.from(key.sign(Buffer.from(body))).toString("base64url");
        return { keyId: key.id, signedJwt: `${body}.${signature}` };
      },
    },
  });
}

function principalOf({ email, uniqueId }: Account): Principal {
  return { kind: "serviceAccount", email, uniqueId };
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}
