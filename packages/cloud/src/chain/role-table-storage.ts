import type { RoleRow } from "./basic-roles.ts";

const project = "resourcemanager.projects.get|list";
const tagReads = "listEffectiveTags|listTagBindings";
const legacyRead = ["storage.buckets.get", "storage.folders|managedFolders.get|list", "storage.objects.list"];
const legacyWrite = [
  ...legacyRead,
  "storage.folders.*",
  "storage.managedFolders.create|delete",
  "storage.multipartUploads.*",
  "storage.objects.create|createContext|delete|restore|setRetention",
];

/** Roles of Cloud Storage beside the common ones: what buckets grant to their project's teams, and the narrow ones. */
export const storageRoles: Readonly<Record<string, RoleRow>> = {
  "storage.bucketViewer": { title: "Storage Bucket Viewer", holds: ["storage.buckets.get|list"] },
  "storage.hmacKeyAdmin": { title: "Storage HMAC Key Admin", holds: [project, "storage.hmacKeys.*"] },
  "storage.legacyBucketOwner": {
    title: "Storage Legacy Bucket Owner",
    holds: [
      ...legacyWrite,
      `storage.buckets.createTagBinding|deleteTagBinding|enableObjectRetention|getIamPolicy|getIpFilter|${tagReads}`,
      "storage.buckets.relocate|restore|setIamPolicy|setIpFilter|update",
      "storage.managedFolders.*",
      "storage.objects.deleteContext|updateContext",
    ],
  },
  "storage.legacyBucketReader": {
    title: "Storage Legacy Bucket Reader",
    holds: [...legacyRead, "storage.multipartUploads.list"],
  },
  "storage.legacyBucketWriter": { title: "Storage Legacy Bucket Writer", holds: legacyWrite },
  "storage.legacyObjectOwner": {
    title: "Storage Legacy Object Owner",
    holds: [
      "storage.objects.createContext|deleteContext|get|getIamPolicy|overrideUnlockedRetention|setIamPolicy|setRetention",
      "storage.objects.update|updateContext",
    ],
  },
  "storage.legacyObjectReader": { title: "Storage Legacy Object Reader", holds: ["storage.objects.get"] },
};
