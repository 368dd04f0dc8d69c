import { oauthSurface } from "../../chain/oauth.ts";
import type { CloudService } from "../../service.ts";
import { jwtGrant } from "./jwt-grant.ts";
import { iamRpc } from "./rpc.ts";

export const iam: CloudService = {
  api: "iam.googleapis.com",
  title: "Identity and Access Management (IAM) API",
  descriptors: "iam-v1",
  create: (host) => ({ rpc: [iamRpc(host)] }),
  resume: async (host) => host.surface(oauthSurface(host, jwtGrant(host))),
};
