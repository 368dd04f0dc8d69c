/** What runs under `aloft exec`: the official clients for Node, a JSON line a case. */
import { iam } from "./iam.ts";
import { iamMethods } from "./iam-methods.ts";
import { kms } from "./kms.ts";
import { logging } from "./logging.ts";
import { loggingConfig } from "./logging-config.ts";
import { monitoring } from "./monitoring.ts";
import { monitoringConfig } from "./monitoring-config.ts";
import { monitoringServices } from "./monitoring-services.ts";
import { run } from "./run.ts";
import { runJobs } from "./run-jobs.ts";
import { runPools } from "./run-pools.ts";
import { secretmanager } from "./secretmanager.ts";
import { type Steps, stepsOf } from "./step.ts";
import { storage } from "./storage.ts";
import { storageMethods } from "./storage-methods.ts";

const both: Readonly<Record<string, (steps: Steps) => Promise<void>>> = {
  secretmanager,
  kms,
  run: async (steps) => {
    await run(steps);
    await runJobs(steps);
    await runPools(steps);
  },
  logging: async (steps) => {
    await logging(steps);
    await loggingConfig(steps);
  },
  monitoring: async (steps) => {
    await monitoring(steps);
    await monitoringConfig(steps);
    await monitoringServices(steps);
  },
};
const restAlone: Readonly<Record<string, (steps: Steps) => Promise<void>>> = {
  storage: async (steps) => {
    await storage(steps);
    await storageMethods(steps);
  },
  iam: async (steps) => {
    await iam(steps);
    await iamMethods(steps);
  },
};

const only = process.argv[2];
for (const [name, work] of Object.entries(both)) {
  if (only !== undefined && only !== name) continue;
  await work(stepsOf(name, "grpc"));
  await work(stepsOf(name, "rest"));
}
for (const [name, work] of Object.entries(restAlone)) {
  if (only === undefined || only === name) await work(stepsOf(name, "rest"));
}
process.exit(0);
