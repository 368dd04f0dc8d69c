import { type RpcService, rpc } from "../../service.ts";
import type { Control } from "./control.ts";
import { jobControlOf } from "./jobs/control.ts";
import { executionsRpc, tasksRpc } from "./jobs/executions-rpc.ts";
import { jobsRpc } from "./jobs/rpc.ts";
import { poolControlOf } from "./pools/control.ts";
import { poolsRpc } from "./pools/rpc.ts";
import { revisionsRpc } from "./revisions.ts";
import { servicesRpc } from "./services.ts";

/** The services of `google.cloud.run.v2`. Those without a method here answer UNIMPLEMENTED by name. */
export function runRpc(control: Control): readonly RpcService[] {
  const absent = ["Builds"];
  const jobs = jobControlOf(control);
  return [
    servicesRpc(control),
    revisionsRpc(control),
    jobsRpc(jobs),
    executionsRpc(jobs),
    tasksRpc(jobs),
    poolsRpc(poolControlOf(control)),
    ...absent.map((name) => rpc(`google.cloud.run.v2.${name}`, {})),
  ];
}
