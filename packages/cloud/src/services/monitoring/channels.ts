import type {
  NotificationChannel,
  NotificationChannelSchema,
} from "../../../gen/types/google/monitoring/v3/notification_pb.js";
import type { NotificationChannelService } from "../../../gen/types/google/monitoring/v3/notification_service_pb.js";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { applyFieldMask } from "../../wire/field-mask.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import type { Policies } from "./alerts.ts";
import { access, type Kept, kept } from "./kept.ts";
import { badField, invalid, projectOfName } from "./rules.ts";

const changeable = ["type", "display_name", "description", "labels", "user_labels", "enabled"];

/** The labels that a type must have; https://cloud.google.com/monitoring/alerts/using-channels-api */
const needed: Readonly<Record<string, readonly string[]>> = {
  email: ["email_address"],
  pagerduty: ["service_key"],
  pubsub: ["topic"],
  slack: ["channel_name", "auth_token"],
  sms: ["number"],
  webhook_basicauth: ["url", "username", "password"],
  webhook_tokenauth: ["url"],
};

/** `google.monitoring.v3.NotificationChannelService`: channels are kept; nothing is sent, and nothing verified. */
export function channelsRpc(host: Host, policies: Policies): RpcService {
  const { schemas } = host;
  const channels: Kept<typeof NotificationChannelSchema> = kept(host, {
    table: "notification_channels",
    type: "NotificationChannel",
    collection: "notificationChannels",
    what: "notification channel",
  });

  return rpc<typeof NotificationChannelService>("google.monitoring.v3.NotificationChannelService", {
    listNotificationChannels: {
      ...access("notificationChannels.list", "ADMIN_READ"),
      resource: ({ name }) => `projects/${projectOfName(name)}`,
      handle: (request) => {
        const { items, ...rest } = channels.list(request);
        return { notificationChannels: items, ...rest };
      },
    },
    getNotificationChannel: {
      ...access("notificationChannels.get", "ADMIN_READ"),
      resource: ({ name }) => name,
      handle: ({ name }) => channels.find(name),
    },
    createNotificationChannel: {
      ...access("notificationChannels.create", "ADMIN_WRITE"),
      resource: ({ name }) => `projects/${projectOfName(name)}`,
      handle: ({ name, notificationChannel: given }) => {
        if (given === undefined) throw invalid(badField("notification_channel", undefined, "A channel must be given."));
        check(given);
        const channel = schemas.clone(channels.schema, given);
        channel.name = channels.newName(name);
        channel.enabled ??= true;
        channel.creationRecord = channels.record();
        channel.mutationRecords = [channels.record()];
        channels.all.put(channel.name, channel);
        host.note("monitoring.channels", "Monitoring: notification channels are kept; nothing is sent to them.");
        return channel;
      },
    },
    updateNotificationChannel: {
      ...access("notificationChannels.update", "ADMIN_WRITE"),
      resource: ({ notificationChannel }) => notificationChannel?.name ?? "",
      handle: ({ notificationChannel: given, updateMask }) => {
        if (given === undefined) throw invalid(badField("notification_channel", undefined, "A channel must be given."));
        const channel = schemas.clone(channels.schema, channels.find(given.name));
        const paths = updateMask === undefined || updateMask.paths.length === 0 ? ["*"] : updateMask.paths;
        applyFieldMask(channels.schema, channel, given, { paths, changeable });
        check(channel);
        channel.enabled ??= true;
        channel.mutationRecords = [channels.record()];
        channels.all.put(channel.name, channel);
        return channel;
      },
    },
    deleteNotificationChannel: {
      ...access("notificationChannels.delete", "ADMIN_WRITE"),
      resource: ({ name }) => name,
      handle: ({ name: given, force }) => {
        const { name } = channels.find(given);
        const parent = name.slice(0, name.indexOf("/notificationChannels/"));
        const users = policies.all
          .list({ parent })
          .items.filter(({ notificationChannels }) => notificationChannels.map(host.projects.canonical).includes(name));
        if (users.length > 0 && !force) {
          throw new RpcError(
            "FAILED_PRECONDITION",
            `Cannot delete notification channel ${given}: it is used by ${users.length} alert policies. Delete it with force to take it out of them.`,
          );
        }
        host.db.tx(() => {
          for (const policy of users) {
            const left = policy.notificationChannels.filter((each) => host.projects.canonical(each) !== name);
            policies.all.put(policy.name, schemas.create(policies.schema, { ...policy, notificationChannels: left }));
          }
          channels.all.delete(name);
        });
        return {};
      },
    },
  });
}

function check({ type, labels }: NotificationChannel): void {
  const wanted = needed[type];
  if (wanted === undefined) {
    throw invalid(badField("notification_channel.type", type, "There is no notification channel type of this name."));
  }
  const missing = wanted.find((label) => !labels[label]);
  if (missing !== undefined) {
    throw invalid(badField("notification_channel.labels", undefined, `The label '${missing}' must be given.`));
  }
}
