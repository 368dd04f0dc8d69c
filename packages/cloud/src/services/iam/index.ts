import { oauthSurface, type TokenGrantHandler } from "../../chain/oauth.ts";
import type { CloudService } from "../../service.ts";
import { iamErrors } from "./errors.ts";
import { jwtGrant } from "./jwt-grant.ts";
import { refreshGrant } from "./refresh-grant.ts";

export const iam: CloudService = {
  api: "iam.googleapis.com",
  title: "Identity and Access Management (IAM) API",
  descriptors: "iam-v1",
  create: async (host) => {
    const [{ iamRpc }, { denyRpc }, { poolMethods }] = await Promise.all([
      import("./rpc.ts"),
      import("./deny/rpc.ts"),
      import("./pools/rest.ts"),
    ]);
    return {
      rpc: [iamRpc(host), denyRpc(host)],
      rest: poolMethods(host),
      errors: iamErrors,
      operations: { version: "v2", names: ["policies/*/denypolicies/*/operations/*"] },
    };
  },
  resume: async (host) => {
    const grants = [jwtGrant(host), refreshGrant(host)];
    const grant: TokenGrantHandler = async (form) => {
      for (const each of grants) {
        const answer = await each(form);
        if (answer !== undefined) return answer;
      }
      return undefined;
    };
    host.surface(oauthSurface(host, grant));
  },
};
