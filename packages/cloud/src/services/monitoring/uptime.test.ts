import { afterAll, beforeAll, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const v3 = "monitoring.googleapis.com/v3";
const checks = `${v3}/projects/demo/uptimeCheckConfigs`;
const monitoredResource = { type: "uptime_url", labels: { host: "shop.example.com" } };

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "monitoring.googleapis.com", true);
});
afterAll(() => cloud.close());

test("monitoring: an uptime check is kept with what Google fills in, and its secrets do not show", async () => {
  const httpCheck = {
    path: "health",
    useSsl: true,
    requestMethod: "POST",
    contentType: "URL_ENCODED",
    body: Buffer.from("a=1").toString("base64"),
    authInfo: { username: "me", password: "open sesame" },
    headers: { "x-key": "secret" },
    maskHeaders: true,
  };
  const body = { displayName: "Shop is up!", monitoredResource, httpCheck, timeout: "10s" };
  const { body: made } = await rest("POST", checks, { body });
  expect(made.name).toMatch(/^projects\/demo\/uptimeCheckConfigs\/shop-is-up-\w{11}$/);
  expect(made).toMatchObject({
    period: "60s",
    checkerType: "STATIC_IP_CHECKERS",
    monitoredResource: { labels: { host: "shop.example.com", project_id: "demo" } },
    httpCheck: {
      path: "/health",
      port: 443,
      authInfo: { username: "me", password: "******" },
      headers: { "x-key": "******", "Content-Length": "******" },
    },
  });
  const one = `${v3}/${made.name}`;
  const mask = "httpCheck.authInfo.username,httpCheck.maskHeaders,period,userLabels";
  const change = { httpCheck: { authInfo: { username: "you" } }, period: "300s", userLabels: { team: "shop" } };
  const { body: changed } = await rest("PATCH", `${one}?updateMask=${mask}`, { body: change });
  expect(changed.httpCheck?.authInfo).toEqual({ username: "you", password: "******" });
  expect(changed.httpCheck?.headers).toEqual({ "x-key": "secret", "Content-Length": "3" });
  expect((await rest("GET", one)).body).toEqual(changed);
  const list = await rest("GET", checks);
  expect([list.body.uptimeCheckConfigs, list.body.totalSize]).toEqual([[changed], 1]);

  const id = made.name?.split("/").at(-1);
  const filter = `metric.type="monitoring.googleapis.com/uptime_check/check_passed" AND metric.label.check_id="${id}"`;
  const conditionThreshold = { filter, comparison: "COMPARISON_GT", duration: "60s" };
  const policy = { displayName: "Down", combiner: "OR", conditions: [{ displayName: "down", conditionThreshold }] };
  const alert = await rest("POST", `${v3}/projects/demo/alertPolicies`, { body: policy });
  expect((await rest("DELETE", one)).status).toBe(400);
  await rest("DELETE", `${v3}/${alert.body.name}`);
  expect((await rest("DELETE", one)).body).toEqual({});
  expect((await rest("GET", one)).body.error?.message).toBe(`Config not found for check ${id} in project demo`);
});

test("monitoring: an uptime check that could not be run is refused; where checks come from is told", async () => {
  const good = { displayName: "x", monitoredResource, httpCheck: {}, timeout: "10s" };
  const wrong = [
    { ...good, displayName: "" },
    { ...good, timeout: "61s" },
    { ...good, period: "61s" },
    { ...good, monitoredResource: { type: "uptime_url" } },
    { ...good, httpCheck: undefined },
    { ...good, httpCheck: { requestMethod: "POST" } },
    { ...good, httpCheck: { body: "YQ==" } },
    { ...good, httpCheck: undefined, tcpCheck: {} },
  ];
  for (const body of wrong) expect((await rest("POST", checks, { body })).body.error?.status).toBe("INVALID_ARGUMENT");
  const { body } = await rest("GET", `${v3}/uptimeCheckIps`);
  expect(body.uptimeCheckIps?.[0]).toMatchObject({ region: "ASIA_PACIFIC", location: "Singapore" });
});
