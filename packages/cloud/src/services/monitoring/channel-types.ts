/** A label of a channel's type: what it means, and whether it must be there. */
export interface ChannelLabel {
  readonly key: string;
  readonly description: string;
  readonly optional?: boolean;
}

export interface ChannelType {
  readonly type: string;
  readonly displayName: string;
  readonly description: string;
  readonly labels: readonly ChannelLabel[];
  /** Whether nothing is sent to it until a code has come back from there. */
  readonly verified?: boolean;
}

/** The types of notification channels; https://cloud.google.com/monitoring/alerts/using-channels-api */
export const channelTypes: readonly ChannelType[] = [
  {
    type: "email",
    displayName: "Email",
    description: "Sends notifications by e-mail.",
    labels: [{ key: "email_address", description: "The address to which e-mail is sent." }],
  },
  {
    type: "pagerduty",
    displayName: "PagerDuty",
    description: "Sends notifications to a service of PagerDuty.",
    labels: [{ key: "service_key", description: "The integration key of the service." }],
  },
  {
    type: "pubsub",
    displayName: "Cloud Pub/Sub",
    description: "Publishes notifications to a topic of Pub/Sub.",
    labels: [{ key: "topic", description: "The topic: projects/PROJECT/topics/TOPIC." }],
  },
  {
    type: "slack",
    displayName: "Slack",
    description: "Posts notifications to a channel of Slack.",
    labels: [
      { key: "auth_token", description: "The OAuth token of the app that posts." },
      { key: "channel_name", description: "The channel's name." },
      { key: "team", description: "The workspace's name.", optional: true },
    ],
  },
  {
    type: "sms",
    displayName: "SMS",
    description: "Sends notifications as text messages.",
    labels: [{ key: "number", description: "The telephone number, with its country's code." }],
    verified: true,
  },
  {
    type: "webhook_basicauth",
    displayName: "Webhook with Basic Authentication",
    description: "Posts notifications to a URL, with a user's name and password.",
    labels: [
      { key: "password", description: "The password." },
      { key: "url", description: "The URL to which notifications are posted." },
      { key: "username", description: "The user's name." },
    ],
  },
  {
    type: "webhook_tokenauth",
    displayName: "Webhook with Token Authentication",
    description: "Posts notifications to a URL that has a token in it.",
    labels: [{ key: "url", description: "The URL to which notifications are posted, with its token." }],
  },
];

export const channelType = (type: string): ChannelType | undefined => channelTypes.find((each) => each.type === type);

/** Labels that are answered without their value. */
const secretLabels = ["auth_token", "service_key"];

const obscured = (text: string): string => "*".repeat(text.length);

/** A channel's labels as clients may see them. */
export function shownLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  const shown = Object.entries(labels).map(([key, value]) => [
    key,
    secretLabels.includes(key) ? obscured(value) : value,
  ]);
  return Object.fromEntries(shown) as Record<string, string>;
}

/** Labels that a client sent: an obscured value that it was answered before stands for the value itself. */
export function keptLabels(
  given: Readonly<Record<string, string>>,
  before: Readonly<Record<string, string>>,
): Record<string, string> {
  const kept = Object.entries(given).map(([key, value]) => {
    const held = before[key];
    return [key, held !== undefined && secretLabels.includes(key) && value === obscured(held) ? held : value];
  });
  return Object.fromEntries(kept) as Record<string, string>;
}
