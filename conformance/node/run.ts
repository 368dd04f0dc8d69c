import { RevisionsClient, ServicesClient } from "@google-cloud/run";
import { type Answer, equal, parent, refused, region, type Steps, truthy } from "./step.ts";

/** The image that the suite pushed. */
const image = "us-central1-docker.pkg.dev/demo/apps/app:v1";

/** Cloud Run v2: services and their revisions. */
export async function run({ door, tag, step, all }: Steps): Promise<void> {
  const services = new ServicesClient({ fallback: door === "rest" });
  const revisions = new RevisionsClient({ fallback: door === "rest" });
  const serviceId = `node-${tag}`;
  const name = `${region}/services/${serviceId}`;
  const template = { containers: [{ image }] };
  await step("createService", async () => {
    const [operation] = await services.createService({ parent: region, serviceId, service: { template } });
    const [made]: Answer = await operation.promise();
    equal(made.name, name);
    // The client leaves enums of an operation's answer as numbers.
    truthy(["CONDITION_SUCCEEDED", 4].includes(made.terminalCondition.state), made.terminalCondition.state);
    truthy(made.uri.startsWith("https://"), made.uri);
  });
  await step("createService again", async () => {
    await refused(services.createService({ parent: region, serviceId, service: { template } }), 6);
  });
  await step("createService with a reserved variable", async () => {
    const containers = [{ image, env: [{ name: "PORT", value: "1" }] }];
    const request = { parent: region, serviceId: `${serviceId}-b`, service: { template: { containers } } };
    await refused(services.createService(request), 3);
  });
  await step("getService", async () => {
    equal((await services.getService({ name }))[0].template?.containers?.[0]?.ports?.[0]?.containerPort, 8080);
  });
  await step("listServices", async () => {
    truthy(
      (await services.listServices({ parent: region }))[0].some((each) => each.name === name),
      "ours is listed",
    );
  });
  await step("updateService", async () => {
    const service = { name, template: { ...template, scaling: { maxInstanceCount: 3 } } };
    const [operation] = await services.updateService({ service });
    const [changed]: Answer = await operation.promise();
    truthy(changed.latestReadyRevision.includes("-00002-"), changed.latestReadyRevision);
  });
  const bindings = [{ role: "roles/run.invoker", members: ["allUsers"] }];
  await step("setIamPolicy", async () => {
    equal((await services.setIamPolicy({ resource: name, policy: { bindings } }))[0].bindings?.length, 1);
  });
  await step("getIamPolicy", async () => {
    equal((await services.getIamPolicy({ resource: name }))[0].bindings?.[0]?.members, ["allUsers"]);
  });
  await step("testIamPermissions", async () => {
    const permissions = ["run.services.get"];
    equal((await services.testIamPermissions({ resource: name, permissions }))[0].permissions, permissions);
  });
  await step("listRevisions", async () => {
    equal((await revisions.listRevisions({ parent: name }))[0].length, 2);
  });
  await step("getRevision", async () => {
    const [[newest]] = await revisions.listRevisions({ parent: name });
    equal((await revisions.getRevision({ name: newest?.name ?? "" }))[0].service, serviceId);
  });
  await step("deleteRevision", async () => {
    const [found] = await revisions.listRevisions({ parent: name });
    const first = found.find((each) => each.name?.includes("-00001-"))?.name ?? "";
    const [operation] = await revisions.deleteRevision({ name: first });
    await operation.promise();
    await refused(revisions.getRevision({ name: first }), 5);
  });
  await step("getService where the API is off: reason and metadata", async () => {
    const error = await refused(services.getService({ name: name.replace(parent, "projects/api-off") }), 7);
    equal([error.reason, error.errorInfoMetadata?.service], ["SERVICE_DISABLED", "run.googleapis.com"]);
  });
  await step("deleteService", async () => {
    const [operation] = await services.deleteService({ name });
    await operation.promise();
    await refused(services.getService({ name }), 5);
  });
  for (const client of [ServicesClient, RevisionsClient]) all(client);
  await services.close();
  await revisions.close();
}
