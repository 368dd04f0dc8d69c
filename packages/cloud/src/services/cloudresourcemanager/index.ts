import type { CloudService } from "../../service.ts";
import { projectsV1 } from "./rest.ts";
import { projectsV3 } from "./rpc.ts";

export const cloudresourcemanager: CloudService = {
  api: "cloudresourcemanager.googleapis.com",
  title: "Cloud Resource Manager API",
  descriptors: "cloudresourcemanager-v3",
  create: (host) => ({ rpc: [projectsV3(host)], rest: projectsV1(host) }),
};
