import { createHealth, serveHealth } from "@aloft/runtime/health";
import { createWorker } from "@aloft/runtime/jobs";
import { createLog } from "@aloft/runtime/log";
import { chooseTeller } from "./ai/choose.ts";
import { logJobs } from "./job-log.ts";
import { queueName, readSettings } from "./settings.ts";
import { mostMediaBytes, type Story, type StoryRequest } from "./story.ts";

const settings = readSettings();
const log = createLog({ level: settings.debug ? "DEBUG" : "INFO" });
const teller = chooseTeller(settings);

const worker = createWorker<StoryRequest, Story>({
  url: settings.redisUrl,
  name: queueName,
  onEvent: logJobs(log),
  handler: async ({ id, data, signal, progress }) => {
    const story = await teller.tell(data, { id, signal, progress });
    for (const media of [story.image, story.audio]) {
      const bytes = "data" in media ? media.data.length * 0.75 : 0;
      if (bytes > mostMediaBytes)
        throw new Error(`the ${media.type} has ${Math.round(bytes / 1000)} kB, too much to keep`);
    }
    return story;
  },
});

const health = createHealth({ periodMs: 2000, checks: { consumer: worker.health } });
const server = await serveHealth({ health, host: settings.host, port: settings.port });
log.info(`worker ready, stories told by ${teller.name}, health on port ${server.port}`);

process.once("SIGTERM", () => {
  log.info("SIGTERM: no more jobs; the one in hand is finished, or goes back to the queue");
  void worker
    .close()
    .then(() => server.close())
    .then(() => process.exit(0));
});
