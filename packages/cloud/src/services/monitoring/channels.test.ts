import { afterAll, beforeAll, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

let cloud: Cloud;
const said: string[] = [];
const rest = restOf(() => cloud);
const v3 = "monitoring.googleapis.com/v3";
const channels = `${v3}/projects/demo/notificationChannels`;

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: (line) => said.push(line) });
  cloud.host.projects.setEnabled("demo", "monitoring.googleapis.com", true);
});
afterAll(() => cloud.close());

test("monitoring: a channel's token does not show, and stays when it is sent back as it was shown", async () => {
  const labels = { channel_name: "#ops", auth_token: "xoxp-secret" };
  const { body: made } = await rest("POST", channels, { body: { type: "slack", displayName: "Ops", labels } });
  expect(made.labels).toEqual({ channel_name: "#ops", auth_token: "***********" });
  const one = `${v3}/${made.name}`;
  // Terraform sends no mask: the whole is replaced.
  const body = { type: "slack", labels: { channel_name: "#dev", auth_token: made.labels?.auth_token }, enabled: false };
  const { body: changed } = await rest("PATCH", one, { body });
  expect(changed).toMatchObject({ labels: { channel_name: "#dev", auth_token: "***********" }, enabled: false });
  expect(changed.displayName).toBeUndefined();
  expect(said.join("\n")).not.toContain("xoxp-secret");
  expect((await rest("GET", channels)).body.notificationChannels?.[0]).toEqual(changed);
  expect((await rest("DELETE", `${one}?force=false`)).body).toEqual({});
});

test("monitoring: a telephone number is verified by the code that is sent to it, or by another channel's", async () => {
  const body = { type: "sms", labels: { number: "+1 555 0100" } };
  const make = async (): Promise<string> => {
    const { body: made } = await rest("POST", channels, { body });
    expect(made.verificationStatus).toBe("UNVERIFIED");
    return `${v3}/${made.name}`;
  };
  const [first, second] = [await make(), await make()];
  expect((await rest("POST", `${first}:getVerificationCode`)).body.error?.status).toBe("FAILED_PRECONDITION");
  await rest("POST", `${first}:sendVerificationCode`);
  const code = /verification code .* is (G-\d+)\./.exec(said.join("\n"))?.[1];
  expect((await rest("POST", `${first}:verify`, { body: { code: "G-1" } })).body.error?.status).toBe(
    "INVALID_ARGUMENT",
  );
  const verified = await rest("POST", `${first}:verify`, { body: { code } });
  expect(verified.body.verificationStatus).toBe("VERIFIED");
  const other = await rest("POST", `${first}:getVerificationCode`);
  cloud.clock.advance(25 * 3_600_000);
  const late = await rest("POST", `${second}:verify`, { body: { code: other.body.code } });
  expect(late.body.error?.status).toBe("INVALID_ARGUMENT");
  const fresh = await rest("POST", `${first}:getVerificationCode`);
  expect((await rest("POST", `${second}:verify`, { body: { code: fresh.body.code } })).body.verificationStatus).toBe(
    "VERIFIED",
  );
  const moved = await rest("PATCH", second, { body: { type: "sms", labels: { number: "+1 555 0101" } } });
  expect(moved.body.verificationStatus).toBe("UNVERIFIED");
});

test("monitoring: the types of channels are described, and the labels that they want", async () => {
  const types = `${v3}/projects/demo/notificationChannelDescriptors`;
  const first = await rest("GET", `${types}?pageSize=4`);
  const rest2 = await rest("GET", `${types}?pageToken=${first.body.nextPageToken}`);
  const all = [first, rest2].flatMap(({ body }) => body.channelDescriptors?.map(({ type }) => type) ?? []);
  expect(all).toEqual(["email", "pagerduty", "pubsub", "slack", "sms", "webhook_basicauth", "webhook_tokenauth"]);
  expect((await rest("GET", `${types}/email`)).body).toMatchObject({
    name: "projects/demo/notificationChannelDescriptors/email",
    labels: [{ key: "email_address" }],
    launchStage: "GA",
  });
  expect((await rest("GET", `${types}/pigeon`)).status).toBe(404);
});

test("monitoring: a snooze holds for policies that are there, and cannot be changed when it is over", async () => {
  const filter = 'metric.type="run.googleapis.com/request_count"';
  const conditions = [{ displayName: "many", conditionThreshold: { filter, comparison: "COMPARISON_GT" } }];
  const policy = await rest("POST", `${v3}/projects/demo/alertPolicies`, { body: { displayName: "x", conditions } });
  const at = (minutes: number): string => new Date(cloud.host.clock.now() + minutes * 60_000).toISOString();
  const snoozes = `${v3}/projects/demo/snoozes`;
  const body = {
    displayName: "Night",
    criteria: { policies: [policy.body.name] },
    interval: { startTime: at(1), endTime: at(60) },
  };
  const { body: made } = await rest("POST", snoozes, { body });
  expect(made).toMatchObject({ displayName: "Night", criteria: body.criteria });
  expect((await rest("GET", snoozes)).body.snoozes).toEqual([made]);
  const one = `${v3}/${made.name}`;
  const interval = { startTime: at(2), endTime: at(30) };
  const changed = await rest("PATCH", `${one}?updateMask=interval`, { body: { interval } });
  expect([changed.body.displayName, changed.body.interval?.endTime]).toEqual(["Night", interval.endTime]);
  cloud.clock.advance(600_000);
  const begun = { interval: { ...interval, startTime: at(5) } };
  expect((await rest("PATCH", `${one}?updateMask=interval`, { body: begun })).status).toBe(400);
  expect((await rest("PATCH", `${one}?updateMask=displayName`, { body: { displayName: "Late" } })).status).toBe(200);
  // As gcloud cancels one: the whole, without a mask.
  const cancelled = { ...body, displayName: "Late", interval: { startTime: interval.startTime, endTime: at(0) } };
  expect((await rest("PATCH", one, { body: cancelled })).body.interval?.endTime).toBe(cancelled.interval.endTime);
  cloud.clock.advance(1000);
  expect((await rest("PATCH", `${one}?updateMask=displayName`, { body: { displayName: "Over" } })).status).toBe(400);
  const lost = { ...body, interval: { startTime: at(1), endTime: at(2) }, criteria: { policies: [`${made.name}`] } };
  expect((await rest("POST", snoozes, { body: lost })).status).toBe(404);
  expect((await rest("POST", snoozes, { body })).body.error?.status).toBe("INVALID_ARGUMENT");
});
