import type { CloudService } from "../../service.ts";
import { anyConfig } from "./config-store.ts";

export const logging: CloudService = {
  api: "logging.googleapis.com",
  title: "Cloud Logging API",
  descriptors: "logging-v2",
  create: async (host) => ({
    ...(await import("./services.ts")).loggingServices(host),
    operations: { version: "v2", names: ["projects/*/locations/*/operations/*"], numbered: true },
    locations: { version: "v2" },
  }),
  close: async (host) => host.shared<AbortController | undefined>("logging.copies", () => undefined)?.abort(),
  /** Sinks, exclusions and metrics work from the start, not from the first call on. */
  resume: async (host) => {
    if (anyConfig(host)) (await import("./routing.ts")).routingOf(host);
  },
};
