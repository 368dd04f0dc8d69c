import type { CloudService } from "../../service.ts";

export const iamcredentials: CloudService = {
  api: "iamcredentials.googleapis.com",
  title: "IAM Service Account Credentials API",
  descriptors: "iamcredentials-v1",
  create: async (host) => ({ rpc: [(await import("./rpc.ts")).credentialsRpc(host)] }),
};
