export type { QueueCheck, QueueStep } from "./jobs/check.ts";
export { checkQueue, createQueue, type JobQueue, type QueueOptions } from "./jobs/queue.ts";
export {
  type JobEvent,
  type JobState,
  type JobStatus,
  type OnJobEvent,
  type QueuePlace,
  QueueUnavailable,
  type RunningJob,
} from "./jobs/types.ts";
export { createWorker, JobRefused, type JobWorker, type WorkerOptions } from "./jobs/worker.ts";
