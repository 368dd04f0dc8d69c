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

import type { ApplyPlan, GraphOf, LoadConfig, MakeDownPlan, MakePlan, StatusOf } from "./plan/engine.ts";

// The engine is loaded at its first call: a config imports this file for `defineApp` alone.
export const loadConfig = async (...a: Parameters<LoadConfig>) => (await import("./app/load.ts")).loadConfig(...a);
export const graphOf = async (...a: Parameters<GraphOf>) => (await import("./app/evaluate.ts")).graphOf(...a);
export const makePlan: MakePlan = async (...a) => (await import("./plan/make-plan.ts")).makePlan(...a);
export const makeDownPlan: MakeDownPlan = async (...a) => (await import("./plan/make-down-plan.ts")).makeDownPlan(...a);
export const applyPlan: ApplyPlan = async (...a) => (await import("./apply/apply-plan.ts")).applyPlan(...a);
export const statusOf: StatusOf = async (...a) => (await import("./plan/status.ts")).statusOf(...a);
