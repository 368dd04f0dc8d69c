import type { CloudService } from "../../service.ts";
import { credentialsRpc } from "./rpc.ts";

export const iamcredentials: CloudService = {
  api: "iamcredentials.googleapis.com",
  title: "IAM Service Account Credentials API",
  descriptors: "iamcredentials-v1",
  create: (host) => ({ rpc: [credentialsRpc(host)] }),
};
