import type { AuditKind, Call } from "../service.ts";

/** Cloud Storage's verbs, where its audit entries have others than its methods. */
const storageMethods: Readonly<Record<string, string>> = {
  "storage.buckets.insert": "storage.buckets.create",
  "storage.buckets.patch": "storage.buckets.update",
  "storage.buckets.getIamPolicy": "storage.getIamPermissions",
  "storage.buckets.setIamPolicy": "storage.setIamPermissions",
  "storage.objects.insert": "storage.objects.create",
  "storage.objects.patch": "storage.objects.update",
};

const projectVerbs: Readonly<Record<string, string>> = {
  create: "CreateProject",
  update: "UpdateProject",
  delete: "DeleteProject",
  undelete: "UndeleteProject",
};

/**
 * The method's name as the API's audit entries give it. Most have the gRPC method's full name; Cloud KMS and the
 * credentials of service accounts leave their service out, IAM half of it, the oldest APIs have names of their own:
 * https://cloud.google.com/logging/docs/audit/services
 */
export function auditedMethod({ api, method }: Pick<Call, "api" | "method">): string {
  const last = method.slice(method.lastIndexOf(".") + 1);
  switch (api) {
    case "cloudkms.googleapis.com":
    case "iamcredentials.googleapis.com":
      return last;
    case "iam.googleapis.com":
      return iamMethod(method, last);
    case "cloudresourcemanager.googleapis.com":
      if (/^[gs]etIamPolicy$/i.test(last)) return last.replace(/^./, (letter) => letter.toUpperCase());
      return method.startsWith("cloudresourcemanager.projects.") ? (projectVerbs[last] ?? method) : method;
    case "storage.googleapis.com":
      return storageMethods[method] ?? method;
    default:
      return method;
  }
}

/** `google.iam.admin.v1.CreateServiceAccount`, `google.iam.v1.WorkloadIdentityPools.CreateWorkloadIdentityPool` */
function iamMethod(method: string, last: string): string {
  const admin = "google.iam.admin.v1.";
  if (method.startsWith(`${admin}IAM.`))
    return admin + last.replace("IamPolic", "IAMPolic").replace("IamPerm", "IAMPerm");
  if (!/workloadIdentityPools\.(providers\.)?\w+$/.test(method)) return method;
  const kind = method.includes(".providers.") ? "WorkloadIdentityPoolProvider" : "WorkloadIdentityPool";
  const verb = last === "patch" ? "update" : last;
  return `google.iam.v1.WorkloadIdentityPools.${verb.replace(/^./, (letter) => letter.toUpperCase())}${kind}${verb === "list" ? "s" : ""}`;
}

/**
 * Of which services, and of which kinds, `auditConfigs` must ask for a Data Access entry. The credentials of service
 * accounts are IAM's, and Google's pages class them as both kinds of reading.
 */
export function auditedAs(
  api: string,
  kind: AuditKind,
): { readonly services: readonly string[]; readonly kinds: readonly string[] } {
  if (api !== "iamcredentials.googleapis.com") return { services: ["allServices", api], kinds: [kind] };
  return { services: ["allServices", api, "iam.googleapis.com"], kinds: ["ADMIN_READ", "DATA_READ"] };
}
