import { AlertPolicyServiceClient, NotificationChannelServiceClient } from "@google-cloud/monitoring";
import { credentials } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { startCloud } from "../../cloud.ts";

process.env.METADATA_SERVER_DETECTION = "none";

test("monitoring: the official clients keep alert policies and the channels that they use", async () => {
  await using cloud = await startCloud({ log: () => undefined, projects: { demo: 123456789012 } });
  cloud.host.projects.setEnabled("demo", "monitoring.googleapis.com", true);
  const channel = {
    servicePath: "127.0.0.1",
    port: cloud.port,
    projectId: "demo",
    sslCreds: credentials.combineChannelCredentials(credentials.createInsecure()),
  };
  const options = { otherArgs: { headers: { authorization: `Bearer ${cloud.token()}` } } };
  const alerts = new AlertPolicyServiceClient(channel);
  const channels = new NotificationChannelServiceClient(channel);
  const name = "projects/demo";

  const [mail] = await channels.createNotificationChannel(
    { name, notificationChannel: { type: "email", labels: { email_address: "dev@example.com" } } },
    options,
  );
  const conditionThreshold = {
    filter: 'metric.type="run.googleapis.com/request_count" AND resource.type="cloud_run_revision"',
    comparison: "COMPARISON_GT" as const,
    duration: { seconds: 60 },
  };
  const [made] = await alerts.createAlertPolicy(
    {
      name,
      alertPolicy: {
        displayName: "Errors",
        combiner: "OR",
        conditions: [{ displayName: "many", conditionThreshold }],
        notificationChannels: [mail.name ?? ""],
        userLabels: { team: "shop" },
      },
    },
    options,
  );
  expect(made.enabled?.value).toBe(true);
  expect(made.creationRecord?.mutatedBy).toBe("you@local.aloft");
  expect(made.conditions?.[0]?.name).toMatch(new RegExp(`^${made.name}/conditions/\\d+$`));

  const [changed] = await alerts.updateAlertPolicy(
    { alertPolicy: { name: made.name, enabled: { value: false } }, updateMask: { paths: ["enabled"] } },
    options,
  );
  expect([changed.enabled?.value, changed.displayName]).toEqual([false, "Errors"]);
  const [listed] = await alerts.listAlertPolicies({ name, filter: 'user_labels.team="shop"' }, options);
  expect(listed.map((policy) => policy.name)).toEqual([made.name]);
  const [none] = await alerts.listAlertPolicies({ name, filter: 'user_labels.team="other"' }, options);
  expect(none).toEqual([]);

  await expect(channels.deleteNotificationChannel({ name: mail.name }, options)).rejects.toMatchObject({ code: 9 });
  await channels.deleteNotificationChannel({ name: mail.name, force: true }, options);
  expect((await alerts.getAlertPolicy({ name: made.name }, options))[0].notificationChannels).toEqual([]);
  await alerts.deleteAlertPolicy({ name: made.name }, options);
  await expect(alerts.getAlertPolicy({ name: made.name }, options)).rejects.toMatchObject({ code: 5 });

  const nowhere = { displayName: "x", combiner: "OR" as const, conditions: [{ conditionThreshold: { filter: "" } }] };
  await expect(alerts.createAlertPolicy({ name, alertPolicy: nowhere }, options)).rejects.toThrow("metric.type");
  await Promise.all([alerts.close(), channels.close()]);
});
