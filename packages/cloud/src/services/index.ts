import type { CloudService } from "../service.ts";
import { artifactregistry } from "./artifactregistry/index.ts";
import { cloudbilling } from "./cloudbilling/index.ts";
import { cloudkms } from "./cloudkms/index.ts";
import { cloudresourcemanager } from "./cloudresourcemanager/index.ts";
import { hello } from "./hello/index.ts";
import { iam } from "./iam/index.ts";
import { iamcredentials } from "./iamcredentials/index.ts";
import { logging } from "./logging/index.ts";
import { monitoring } from "./monitoring/index.ts";
import { redis } from "./redis/index.ts";
import { run } from "./run/index.ts";
import { secretmanager } from "./secretmanager/index.ts";
import { serviceusage } from "./serviceusage/index.ts";
import { storage } from "./storage/index.ts";
import { sts } from "./sts/index.ts";

/** Every API of the local cloud. They are resumed in this order and closed in the reverse: what others need comes first. */
export const services = [
  hello,
  serviceusage,
  cloudresourcemanager,
  cloudbilling,
  iam,
  iamcredentials,
  sts,
  logging,
  monitoring,
  secretmanager,
  cloudkms,
  artifactregistry,
  redis,
  storage,
  run,
] as const satisfies readonly CloudService[];
