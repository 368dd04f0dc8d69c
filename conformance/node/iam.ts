import { GoogleAuth } from "google-auth-library";
import { type Answer, equal, parent, refused, type Steps, truthy } from "./step.ts";

/** IAM, IAM Credentials and Resource Manager, as google-auth-library calls them for a program. */
export async function iam({ tag, step }: Steps): Promise<void> {
  const auth = new GoogleAuth({ scopes: "https://www.googleapis.com/auth/cloud-platform" });
  const call = async (method: string, url: string, data?: object): Promise<Answer> =>
    (await auth.request<Answer>({ method: method as "GET", url, ...(data === undefined ? {} : { data }) })).data;
  const accounts = `https://iam.googleapis.com/v1/${parent}/serviceAccounts`;
  const accountId = `n${tag}`;
  const email = `${accountId}@demo.iam.gserviceaccount.com`;
  await step("projects.serviceAccounts.create", async () => {
    equal((await call("POST", accounts, { accountId, serviceAccount: { displayName: "Node" } })).email, email);
  });
  await step("projects.serviceAccounts.list", async () => {
    truthy(
      (await call("GET", accounts)).accounts.some((each: Answer) => each.email === email),
      "ours is listed",
    );
  });
  await step("projects.serviceAccounts.setIamPolicy", async () => {
    const bindings = [{ role: "roles/iam.serviceAccountTokenCreator", members: ["user:you@local.aloft"] }];
    equal((await call("POST", `${accounts}/${email}:setIamPolicy`, { policy: { bindings } })).bindings.length, 1);
  });
  const credentials = `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${email}`;
  await step("generateAccessToken", async () => {
    const scope = ["https://www.googleapis.com/auth/cloud-platform"];
    truthy((await call("POST", `${credentials}:generateAccessToken`, { scope })).accessToken, "a token");
  });
  await step("generateIdToken", async () => {
    const { token } = await call("POST", `${credentials}:generateIdToken`, {
      audience: "https://a",
      includeEmail: true,
    });
    const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
    equal([claims.aud, claims.email, claims.iss], ["https://a", email, "https://accounts.google.com"]);
  });
  await step("signBlob", async () => {
    truthy((await call("POST", `${credentials}:signBlob`, { payload: "aGk=" })).signedBlob, "a signature");
  });
  await step("a key signs in: keys.create, then the token endpoint", async () => {
    const { privateKeyData } = await call("POST", `${accounts}/${email}/keys`, {});
    const key = JSON.parse(Buffer.from(privateKeyData, "base64").toString());
    const own = new GoogleAuth({ credentials: key, scopes: "https://www.googleapis.com/auth/cloud-platform" });
    truthy(await own.getAccessToken(), "a token");
    const url = `https://secretmanager.googleapis.com/v1/${parent}/secrets`;
    const error = await refused(own.request({ url }), 403).catch((thrown: Answer) => thrown);
    truthy(
      /IAM_PERMISSION_DENIED|secretmanager\.secrets\.list/.test(JSON.stringify(error.response?.data ?? error.message)),
      error.message,
    );
  });
  await step("projects.roles", async () => {
    const role = { title: "Reader", includedPermissions: ["secretmanager.secrets.get"] };
    const roles = `https://iam.googleapis.com/v1/${parent}/roles`;
    const roleId = `node_${accountId.replaceAll("-", "_")}`;
    equal((await call("POST", roles, { roleId, role })).name, `${parent}/roles/${roleId}`);
    equal((await call("DELETE", `${roles}/${roleId}`)).deleted, true);
  });
  await step("projects.getIamPolicy", async () => {
    const url = `https://cloudresourcemanager.googleapis.com/v1/${parent}:getIamPolicy`;
    truthy(
      (await call("POST", url, {})).bindings.some((each: Answer) => each.role === "roles/owner"),
      "an owner",
    );
  });
  await step("projects.serviceAccounts.delete", async () => {
    await call("DELETE", `${accounts}/${email}`);
  });
}
