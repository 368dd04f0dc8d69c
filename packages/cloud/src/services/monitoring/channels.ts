import { isDeepStrictEqual } from "node:util";
import { NotificationChannel_VerificationStatus as Status } from "../../../gen/monitoring-v3.enums.ts";
import type {
  NotificationChannel,
  NotificationChannelSchema,
} from "../../../gen/types/google/monitoring/v3/notification_pb.js";
import type { NotificationChannelService } from "../../../gen/types/google/monitoring/v3/notification_service_pb.js";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { pageToken, readPageToken } from "../../store/collection.ts";
import { applyFieldMask } from "../../wire/field-mask.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import type { Policies } from "./alerts.ts";
import { type ChannelType, channelType, channelTypes, keptLabels, shownLabels } from "./channel-types.ts";
import { access, type Kept, kept } from "./kept.ts";
import { badField, invalid, projectOfName } from "./rules.ts";
import { createVerification } from "./verification.ts";

const changeable = ["type", "display_name", "description", "labels", "user_labels", "enabled"];

const largestPage = 100;

/** `google.monitoring.v3.NotificationChannelService`: channels are kept and can be verified; nothing else is sent to them. */
export function channelsRpc(host: Host, policies: Policies): RpcService {
  const { schemas, projects } = host;
  const channels: Kept<typeof NotificationChannelSchema> = kept(host, {
    table: "notification_channels",
    type: "NotificationChannel",
    collection: "notificationChannels",
    what: "notification channel",
  });

  const verification = createVerification(host);
  const shown = (channel: NotificationChannel): NotificationChannel => ({
    ...channel,
    labels: shownLabels(channel.labels),
  });
  const descriptor = (project: string, { type, displayName, description, labels }: ChannelType) => ({
    name: `${projects.canonical(project)}/notificationChannelDescriptors/${type}`,
    type,
    displayName,
    description,
    labels: labels.map(({ key, description: about }) => ({ key, description: about })),
    launchStage: 4 as const,
  });

  return rpc<typeof NotificationChannelService>("google.monitoring.v3.NotificationChannelService", {
    listNotificationChannels: {
      ...access("notificationChannels.list", "ADMIN_READ"),
      resource: ({ name }) => `projects/${projectOfName(name)}`,
      handle: (request) => {
        const { items, ...rest } = channels.list(request);
        return { notificationChannels: items.map(shown), ...rest };
      },
    },
    getNotificationChannel: {
      ...access("notificationChannels.get", "ADMIN_READ"),
      resource: ({ name }) => name,
      handle: ({ name }) => shown(channels.find(name)),
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
        channel.verificationStatus = channelType(channel.type)?.verified ? Status.UNVERIFIED : 0;
        channel.mutationRecords = [channels.record()];
        channels.all.put(channel.name, channel);
        host.note("monitoring.channels", "Monitoring: notification channels are kept; nothing is sent to them.");
        return shown(channel);
      },
    },
    updateNotificationChannel: {
      ...access("notificationChannels.update", "ADMIN_WRITE"),
      resource: ({ notificationChannel }) => notificationChannel?.name ?? "",
      handle: ({ notificationChannel: given, updateMask }) => {
        if (given === undefined) throw invalid(badField("notification_channel", undefined, "A channel must be given."));
        const before = channels.find(given.name);
        const channel = schemas.clone(channels.schema, before);
        const paths = updateMask === undefined || updateMask.paths.length === 0 ? ["*"] : updateMask.paths;
        applyFieldMask(channels.schema, channel, given, { paths, changeable });
        channel.labels = keptLabels(channel.labels, before.labels);
        check(channel);
        if (channelType(channel.type)?.verified && !isDeepStrictEqual(channel.labels, before.labels)) {
          channel.verificationStatus = Status.UNVERIFIED;
        }
        channel.enabled ??= true;
        channel.mutationRecords = [channels.record()];
        channels.all.put(channel.name, channel);
        return shown(channel);
      },
    },
    sendNotificationChannelVerificationCode: {
      ...access("notificationChannels.sendVerificationCode", "ADMIN_WRITE"),
      resource: ({ name }) => name,
      handle: ({ name }) => {
        verification.send(channels.find(name));
        return {};
      },
    },
    getNotificationChannelVerificationCode: {
      ...access("notificationChannels.getVerificationCode", "ADMIN_READ"),
      resource: ({ name }) => name,
      handle: ({ name, expireTime }) => {
        const channel = channels.find(name);
        if (channel.verificationStatus !== Status.VERIFIED) {
          throw new RpcError("FAILED_PRECONDITION", `The notification channel '${name}' is not verified.`);
        }
        return verification.make(channel, expireTime);
      },
    },
    verifyNotificationChannel: {
      ...access("notificationChannels.verify", "ADMIN_WRITE"),
      resource: ({ name }) => name,
      handle: ({ name, code }) => {
        const channel = schemas.clone(channels.schema, channels.find(name));
        if (!verification.holds(channel, code)) {
          throw invalid(badField("code", undefined, "It is not a code for this channel, or it has expired."));
        }
        channel.verificationStatus = Status.VERIFIED;
        channel.mutationRecords = [channels.record()];
        channels.all.put(channel.name, channel);
        return shown(channel);
      },
    },
    listNotificationChannelDescriptors: {
      ...access("notificationChannelDescriptors.list", "ADMIN_READ"),
      resource: ({ name }) => `projects/${projectOfName(name)}`,
      handle: ({ name, pageSize, pageToken: token }) => {
        const after = token === "" ? "" : readPageToken(token, name);
        const rest = channelTypes.filter(({ type }) => type > after);
        const page = rest.slice(0, pageSize > 0 ? pageSize : largestPage);
        const last = page.at(-1)?.type;
        return {
          channelDescriptors: page.map((each) => descriptor(name, each)),
          nextPageToken: last !== undefined && page.length < rest.length ? pageToken(last, name) : "",
        };
      },
    },
    getNotificationChannelDescriptor: {
      ...access("notificationChannelDescriptors.get", "ADMIN_READ"),
      resource: ({ name }) => `projects/${projectOfName(name)}`,
      handle: ({ name }) => {
        const found = channelType(name.split("/")[3] ?? "");
        if (found === undefined)
          throw new RpcError("NOT_FOUND", `Could not find notification channel descriptor '${name}'.`);
        return descriptor(`projects/${projectOfName(name)}`, found);
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
  const wanted = channelType(type)?.labels;
  if (wanted === undefined) {
    throw invalid(badField("notification_channel.type", type, "There is no notification channel type of this name."));
  }
  const missing = wanted.find(({ key, optional }) => !optional && !labels[key])?.key;
  if (missing !== undefined) {
    throw invalid(badField("notification_channel.labels", undefined, `The label '${missing}' must be given.`));
  }
}
