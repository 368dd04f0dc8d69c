export {
  type Check,
  type CheckAnswer,
  type CheckReport,
  type CheckRun,
  createHealth,
  type Health,
  type HealthOptions,
  type HealthReport,
} from "./health/health.ts";
export { type HealthServer, type ServeHealthOptions, serveHealth } from "./health/serve.ts";
