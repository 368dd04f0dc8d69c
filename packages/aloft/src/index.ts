export { Failure } from "@aloft/kit/failure";
export type {
  App,
  AppOptions,
  Builder,
  Env,
  EnvironmentOptions,
  EnvValue,
  Plain,
  Probe,
  RedisHandle,
  RedisOptions,
  SecretRef,
  SecretSource,
  ServiceHandle,
  ServiceOptions,
  SidecarOptions,
  ValueRef,
  VpcOptions,
  WorkerOptions,
} from "./app/app.ts";
export { defineApp, plain } from "./app/define.ts";
export type { Address, Graph, Ref, Resource } from "./app/graph.ts";
export type {
  ApplyOptions,
  ApplyPlan,
  GraphOf,
  LoadConfig,
  LoadedApp,
  MakeDownPlan,
  MakePlan,
  PlanOptions,
  ResourceStatus,
  StatusOf,
} from "./plan/engine.ts";
export type { ApplyEvent, ApplyResult, Blocker, Plan, Step, StepAction } from "./plan/plan.ts";
