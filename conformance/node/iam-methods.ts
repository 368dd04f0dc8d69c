import { GoogleAuth } from "google-auth-library";
import { type Answer, equal, parent, type Steps, truthy } from "./step.ts";

const iam = "https://iam.googleapis.com";

/** The methods of IAM that `iam.ts` has no part for, as google-auth-library calls them for a program. */
export async function iamMethods({ tag, step }: Steps): Promise<void> {
  const auth = new GoogleAuth({ scopes: "https://www.googleapis.com/auth/cloud-platform" });
  const call = async (method: string, url: string, data?: object): Promise<Answer> =>
    (await auth.request<Answer>({ method: method as "GET", url, ...(data === undefined ? {} : { data }) })).data;
  const error = async (work: Promise<unknown>): Promise<Answer> =>
    work.then(
      () => truthy(false, "it was not refused"),
      (thrown: Answer) => thrown.response?.data?.error ?? thrown,
    );
  /** Waits for the operation's end. */
  const done = async (version: string, operation: Answer): Promise<void> => {
    for (let now = operation; ; now = await call("GET", `${iam}/${version}/${operation.name}`)) {
      if (now.done === true) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const accounts = `${iam}/v1/${parent}/serviceAccounts`;
  const accountId = `m${tag}`;
  const email = `${accountId}@demo.iam.gserviceaccount.com`;
  const account = `${accounts}/${email}`;
  const { uniqueId } = await call("POST", accounts, { accountId });

  await step("projects.serviceAccounts.get and patch", async () => {
    const serviceAccount = { displayName: "Changed", description: "by Node" };
    await call("PATCH", account, { serviceAccount, updateMask: "displayName,description" });
    const found = await call("GET", account);
    equal([found.displayName, found.description, found.uniqueId], ["Changed", "by Node", uniqueId]);
  });
  await step("projects.serviceAccounts.disable and enable", async () => {
    await call("POST", `${account}:disable`);
    equal((await call("GET", account)).disabled, true);
    await call("POST", `${account}:enable`);
    equal((await call("GET", account)).disabled, undefined);
  });
  await step("projects.serviceAccounts.getIamPolicy and testIamPermissions", async () => {
    const bindings = [{ role: "roles/iam.serviceAccountTokenCreator", members: ["user:you@local.aloft"] }];
    await call("POST", `${account}:setIamPolicy`, { policy: { bindings } });
    equal((await call("POST", `${account}:getIamPolicy`)).bindings, bindings);
    const permissions = ["iam.serviceAccounts.get"];
    equal((await call("POST", `${account}:testIamPermissions`, { permissions })).permissions, permissions);
  });
  await step("projects.serviceAccounts.keys: create, get, list, disable, enable, delete", async () => {
    const made = await call("POST", `${account}/keys`, {});
    const key = `${iam}/v1/${made.name}`;
    const public_ = await call("GET", `${key}?publicKeyType=TYPE_X509_PEM_FILE`);
    truthy(Buffer.from(public_.publicKeyData, "base64").toString().includes("BEGIN CERTIFICATE"), "a certificate");
    equal((await call("GET", `${account}/keys?keyTypes=USER_MANAGED`)).keys.length, 1);
    await call("POST", `${key}:disable`, {});
    equal((await call("GET", key)).disabled, true);
    await call("POST", `${key}:enable`, {});
    await call("DELETE", key);
    equal((await error(call("GET", key))).status, "NOT_FOUND");
  });
  await step("signJwt", async () => {
    const url = `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${email}:signJwt`;
    const payload = JSON.stringify({ iss: email, exp: Math.floor(Date.now() / 1000) + 600 });
    equal((await call("POST", url, { payload })).signedJwt.split(".").length, 3);
  });
  await step("projects.serviceAccounts.delete and undelete", async () => {
    await call("DELETE", account);
    equal((await error(call("GET", account))).status, "NOT_FOUND");
    equal((await call("POST", `${accounts}/${uniqueId}:undelete`, {})).restoredAccount.email, email);
    await call("DELETE", account);
  });
  await step("projects.roles: create, get, list, patch, delete, undelete", async () => {
    const roles = `${iam}/v1/${parent}/roles`;
    const roleId = `more_${accountId.replaceAll("-", "_")}`;
    const role = { title: "More", includedPermissions: ["secretmanager.secrets.get"], stage: "GA" };
    const made = await call("POST", roles, { roleId, role });
    const included = ["secretmanager.secrets.get", "secretmanager.secrets.list"];
    const changed = { includedPermissions: included, etag: made.etag };
    await call("PATCH", `${roles}/${roleId}?updateMask=includedPermissions`, changed);
    equal((await call("GET", `${roles}/${roleId}`)).includedPermissions, included);
    truthy(
      (await call("GET", roles)).roles.some((each: Answer) => each.name === made.name),
      "ours is listed",
    );
    await call("DELETE", `${roles}/${roleId}`);
    equal((await call("POST", `${roles}/${roleId}:undelete`, {})).deleted, undefined);
    await call("DELETE", `${roles}/${roleId}`);
  });
  await step("roles.get, list and queryGrantableRoles, permissions.queryTestablePermissions", async () => {
    truthy((await call("GET", `${iam}/v1/roles/run.invoker`)).includedPermissions.includes("run.jobs.run"), "a role");
    equal((await call("GET", `${iam}/v1/roles?pageSize=3`)).roles.length, 3);
    const fullResourceName = "//cloudresourcemanager.googleapis.com/projects/demo";
    truthy((await call("POST", `${iam}/v1/roles:queryGrantableRoles`, { fullResourceName })).roles.length > 3, "roles");
    const testable = await call("POST", `${iam}/v1/permissions:queryTestablePermissions`, { fullResourceName });
    truthy(testable.permissions.length > 3, "permissions");
  });
  await step("projects.locations.workloadIdentityPools and providers", async () => {
    const pools = `${iam}/v1/${parent}/locations/global/workloadIdentityPools`;
    const id = `pool-${process.pid}`;
    await done("v1", await call("POST", `${pools}?workloadIdentityPoolId=${id}`, { displayName: "Pool" }));
    equal((await call("GET", `${pools}/${id}`)).displayName, "Pool");
    const oidc = { issuerUri: "https://token.actions.githubusercontent.com" };
    const provider = {
      oidc,
      attributeMapping: { "google.subject": "assertion.sub" },
      attributeCondition: "assertion.repository_owner == 'me'",
    };
    const providers = `${pools}/${id}/providers`;
    const missing = await error(
      call("POST", `${providers}?workloadIdentityPoolProviderId=open-to-all`, {
        ...provider,
        attributeCondition: "",
      }),
    );
    equal(missing.status, "INVALID_ARGUMENT");
    await done("v1", await call("POST", `${providers}?workloadIdentityPoolProviderId=github`, provider));
    equal((await call("GET", `${providers}/github`)).oidc, oidc);
    equal((await call("GET", providers)).workloadIdentityPoolProviders.length, 1);
    await done("v1", await call("PATCH", `${providers}/github?updateMask=displayName`, { displayName: "GitHub" }));
    await done("v1", await call("DELETE", `${providers}/github`));
    await done("v1", await call("POST", `${providers}/github:undelete`, {}));
    await done("v1", await call("PATCH", `${pools}/${id}?updateMask=disabled`, { disabled: true }));
    equal((await call("GET", `${pools}/${id}`)).disabled, true);
    truthy(
      (await call("GET", pools)).workloadIdentityPools.some((each: Answer) => each.name.endsWith(`/${id}`)),
      "ours is listed",
    );
    await done("v1", await call("DELETE", `${pools}/${id}`));
    await done("v1", await call("POST", `${pools}/${id}:undelete`, {}));
    await done("v1", await call("DELETE", `${pools}/${id}`));
  });
  await step("policies: create, get, list, update and delete of a deny policy", async () => {
    const place = `${iam}/v2/policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fdemo/denypolicies`;
    const id = `deny-${process.pid}`;
    const denyRule = {
      deniedPrincipals: ["principalSet://goog/public:all"],
      deniedPermissions: ["iam.googleapis.com/roles.undelete"],
    };
    await done("v2", await call("POST", `${place}?policyId=${id}`, { displayName: "d", rules: [{ denyRule }] }));
    const made = await call("GET", `${place}/${id}`);
    equal([made.kind, made.displayName], ["DenyPolicy", "d"]);
    equal((await call("GET", place)).policies.length, 1);
    await done("v2", await call("PUT", `${place}/${id}`, { ...made, displayName: "e" }));
    await done("v2", await call("DELETE", `${place}/${id}`));
    equal((await error(call("GET", `${place}/${id}`))).status, "NOT_FOUND");
  });
  await step("errors where the API is off: reason and metadata", async () => {
    const { details } = await error(call("GET", accounts.replace(parent, "projects/api-off")));
    const info = details.find((each: Answer) => each["@type"].endsWith("ErrorInfo"));
    equal([info.reason, info.metadata.service], ["SERVICE_DISABLED", "iam.googleapis.com"]);
  });
}
