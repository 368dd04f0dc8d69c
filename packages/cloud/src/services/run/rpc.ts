import { type RpcService, rpc } from "../../service.ts";
import type { Control } from "./control.ts";
import { revisionsRpc } from "./revisions.ts";
import { servicesRpc } from "./services.ts";

/** The services of `google.cloud.run.v2`. Those without a method here answer UNIMPLEMENTED by name. */
export function runRpc(control: Control): readonly RpcService[] {
  const absent = ["Jobs", "Executions", "Tasks", "WorkerPools", "Builds"];
  return [servicesRpc(control), revisionsRpc(control), ...absent.map((name) => rpc(`google.cloud.run.v2.${name}`, {}))];
}
