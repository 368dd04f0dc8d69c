import type { CloudService } from "../../service.ts";

/** Who pays for a project: programs ask it of every project that they look at. Nobody pays here. */
export const cloudbilling: CloudService = {
  api: "cloudbilling.googleapis.com",
  title: "Cloud Billing API",
  descriptors: "cloudbilling-v1",
  // At Google it is turned on in the project that the caller's credentials are of, which nothing here stands for.
  alwaysOn: true,
  create: async (host) => ({ rpc: [(await import("./rpc.ts")).billingRpc(host)] }),
};
