import {
  AlertPolicyServiceClient,
  GroupServiceClient,
  NotificationChannelServiceClient,
  QueryServiceClient,
  SnoozeServiceClient,
  UptimeCheckServiceClient,
} from "@google-cloud/monitoring";
import { type Answer, equal, parent, refused, type Steps, truthy } from "./step.ts";

const filter = 'metric.type="run.googleapis.com/request_count" AND resource.type="cloud_run_revision"';
const names = (found: Answer): string[] => found.map((each: Answer) => each.name);

/** Monitoring v3: what is configured of it. */
export async function monitoringConfig(steps: Steps): Promise<void> {
  const { door, step, all } = steps;
  const options = { fallback: door === "rest" };
  const policies = new AlertPolicyServiceClient(options);
  let policy = "";
  await step("createAlertPolicy", async () => {
    const conditions = [{ displayName: "many", conditionThreshold: { filter, comparison: "COMPARISON_GT" as const } }];
    const alertPolicy = { displayName: "Errors", combiner: "OR" as const, conditions };
    const [made] = await policies.createAlertPolicy({ name: parent, alertPolicy });
    policy = made.name ?? "";
    truthy(made.conditions?.[0]?.name?.startsWith(`${policy}/conditions/`), "its condition has a name");
  });
  await step("getAlertPolicy", async () => {
    equal((await policies.getAlertPolicy({ name: policy }))[0].displayName, "Errors");
  });
  await step("listAlertPolicies", async () => {
    const [found] = await policies.listAlertPolicies({ name: parent, filter: 'display_name="Errors"' });
    truthy(names(found).includes(policy), "ours is listed");
  });
  await step("updateAlertPolicy", async () => {
    const alertPolicy = { name: policy, displayName: "Fewer" };
    const [changed] = await policies.updateAlertPolicy({ alertPolicy, updateMask: { paths: ["display_name"] } });
    equal([changed.displayName, changed.conditions?.length], ["Fewer", 1]);
  });
  await snoozes(steps, policy);
  await step("deleteAlertPolicy", async () => {
    await policies.deleteAlertPolicy({ name: policy });
    await refused(policies.getAlertPolicy({ name: policy }), 5);
  });
  all(AlertPolicyServiceClient);
  await policies.close();
  await channels(steps);
  await groups(steps);
  await uptime(steps);

  const query = new QueryServiceClient(options);
  await step("queryTimeSeries is gone", async () => {
    await refused(query.queryTimeSeries({ name: parent, query: "fetch cloud_run_revision" }), 12);
  });
  await query.close();
}

async function snoozes({ door, step, all }: Steps, policy: string): Promise<void> {
  const client = new SnoozeServiceClient({ fallback: door === "rest" });
  const at = (minutes: number) => ({ seconds: Math.floor(Date.now() / 1000) + minutes * 60 });
  let name = "";
  await step("createSnooze", async () => {
    const interval = { startTime: at(1), endTime: at(60) };
    const snooze = { displayName: "Night", criteria: { policies: [policy] }, interval };
    const [made] = await client.createSnooze({ parent, snooze });
    name = made.name ?? "";
    equal(made.displayName, "Night");
  });
  await step("getSnooze", async () => equal((await client.getSnooze({ name }))[0].criteria?.policies, [policy]));
  await step("listSnoozes", async () => {
    truthy(names((await client.listSnoozes({ parent }))[0]).includes(name), "ours is listed");
  });
  await step("updateSnooze", async () => {
    const snooze = { name, displayName: "Late" };
    const [changed] = await client.updateSnooze({ snooze, updateMask: { paths: ["display_name"] } });
    equal(changed.displayName, "Late");
  });
  all(SnoozeServiceClient);
  await client.close();
}

async function channels({ door, step, all }: Steps): Promise<void> {
  const client = new NotificationChannelServiceClient({ fallback: door === "rest" });
  let name = "";
  await step("listNotificationChannelDescriptors", async () => {
    const [found]: Answer = await client.listNotificationChannelDescriptors({ name: parent });
    truthy(
      found.some((each: Answer) => each.type === "email"),
      "e-mail is listed",
    );
  });
  await step("getNotificationChannelDescriptor", async () => {
    const request = { name: `${parent}/notificationChannelDescriptors/sms` };
    equal((await client.getNotificationChannelDescriptor(request))[0].labels?.[0]?.key, "number");
  });
  await step("createNotificationChannel", async () => {
    const notificationChannel = { type: "sms", labels: { number: "+15550100" } };
    const [made] = await client.createNotificationChannel({ name: parent, notificationChannel });
    name = made.name ?? "";
    equal(made.verificationStatus, "UNVERIFIED");
  });
  await step("getNotificationChannel", async () => {
    equal((await client.getNotificationChannel({ name }))[0].labels?.number, "+15550100");
  });
  await step("listNotificationChannels", async () => {
    const [found] = await client.listNotificationChannels({ name: parent, filter: 'type="sms"' });
    truthy(names(found).includes(name), "ours is listed");
  });
  await step("updateNotificationChannel", async () => {
    const notificationChannel = { name, displayName: "On call" };
    const updateMask = { paths: ["display_name"] };
    equal((await client.updateNotificationChannel({ notificationChannel, updateMask }))[0].displayName, "On call");
  });
  await step("sendNotificationChannelVerificationCode", () => client.sendNotificationChannelVerificationCode({ name }));
  await step("verifyNotificationChannel with a wrong code", async () => {
    await refused(client.verifyNotificationChannel({ name, code: "G-1" }), 3);
  });
  await step("getNotificationChannelVerificationCode of an unverified one", async () => {
    await refused(client.getNotificationChannelVerificationCode({ name }), 9);
  });
  await step("deleteNotificationChannel", async () => {
    await client.deleteNotificationChannel({ name, force: true });
    await refused(client.getNotificationChannel({ name }), 5);
  });
  all(NotificationChannelServiceClient);
  await client.close();
}

async function groups({ door, step, all }: Steps): Promise<void> {
  const client = new GroupServiceClient({ fallback: door === "rest" });
  const of = 'resource.type="global"';
  let outer = "";
  let inner = "";
  await step("createGroup", async () => {
    const [made] = await client.createGroup({ name: parent, group: { displayName: "outer", filter: of } });
    outer = made.name ?? "";
    const group = { displayName: "inner", filter: of, parentName: outer };
    inner = (await client.createGroup({ name: parent, group }))[0].name ?? "";
  });
  await step("getGroup", async () => equal((await client.getGroup({ name: inner }))[0].parentName, outer));
  await step("listGroups", async () => {
    equal(names((await client.listGroups({ name: parent, childrenOfGroup: outer }))[0]), [inner]);
    equal(names((await client.listGroups({ name: parent, ancestorsOfGroup: inner }))[0]), [outer]);
  });
  await step("listGroupMembers", async () => {
    const [found]: Answer = await client.listGroupMembers({ name: inner });
    truthy(
      found.every((each: Answer) => each.type === "global"),
      "its members are what its filter takes",
    );
  });
  await step("updateGroup", async () => {
    const group = { name: inner, displayName: "within", filter: of, parentName: outer };
    equal((await client.updateGroup({ group }))[0].displayName, "within");
  });
  await step("deleteGroup", async () => {
    await refused(client.deleteGroup({ name: outer }), 9);
    await client.deleteGroup({ name: outer, recursive: true });
    await refused(client.getGroup({ name: inner }), 5);
  });
  all(GroupServiceClient);
  await client.close();
}

async function uptime({ door, step, all }: Steps): Promise<void> {
  const client = new UptimeCheckServiceClient({ fallback: door === "rest" });
  let name = "";
  await step("createUptimeCheckConfig", async () => {
    const uptimeCheckConfig = {
      displayName: "Shop",
      monitoredResource: { type: "uptime_url", labels: { host: "shop.example.com" } },
      httpCheck: { path: "/", authInfo: { username: "me", password: "open sesame" } },
      timeout: { seconds: 10 },
    };
    const [made] = await client.createUptimeCheckConfig({ parent, uptimeCheckConfig });
    name = made.name ?? "";
    equal(made.httpCheck?.authInfo?.password, "******");
  });
  await step("getUptimeCheckConfig", async () => {
    equal((await client.getUptimeCheckConfig({ name }))[0].httpCheck?.port, 80);
  });
  await step("listUptimeCheckConfigs", async () => {
    truthy(names((await client.listUptimeCheckConfigs({ parent }))[0]).includes(name), "ours is listed");
  });
  await step("updateUptimeCheckConfig", async () => {
    const uptimeCheckConfig = { name, period: { seconds: 300 } };
    const [changed] = await client.updateUptimeCheckConfig({ uptimeCheckConfig, updateMask: { paths: ["period"] } });
    equal([Number(changed.period?.seconds), changed.displayName], [300, "Shop"]);
  });
  await step("listUptimeCheckIps", async () => {
    truthy((await client.listUptimeCheckIps({}))[0].length > 0, "there are some");
  });
  await step("deleteUptimeCheckConfig", async () => {
    await client.deleteUptimeCheckConfig({ name });
    await refused(client.getUptimeCheckConfig({ name }), 5);
  });
  all(UptimeCheckServiceClient);
  await client.close();
}
