import { fromBinary } from "@bufbuild/protobuf";
import type { Operation } from "../../../../gen/types/google/longrunning/operations_pb.js";
import type { Json, RestMethod, RestRequest } from "../../../service.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import type { Control } from "../control.ts";
import { shown } from "../operations.ts";
import { createAsWritten } from "./as-written.ts";
import { textAt, tidy } from "./json.ts";
import { numberOf } from "./places.ts";
import { serviceOut } from "./service-out.ts";

const longestWaitMs = 60_000;

/** Operations as v1 tells them: with Knative's resource as the response. What gcloud waits for after a deploy. */
export function operationsRest(control: Control): readonly RestMethod[] {
  const { host, m } = control;
  const asWritten = createAsWritten(host.db);
  const nameOf = ({ params }: RestRequest): string =>
    host.projects.canonical(`projects/${params.project}/locations/${params.location}/operations/${params.id}`);

  const response = (of: Operation): Json | undefined => {
    if (of.result.case !== "response") return undefined;
    const { typeUrl, value } = of.result.value;
    if (!typeUrl.endsWith("google.cloud.run.v2.Service")) return undefined;
    const service = shown(m, fromBinary(m.service, value));
    const at = { projectNumber: numberOf(control, service.name), operation: of.name.split("/").at(-1) };
    const answer = asWritten.show(service, serviceOut(service, at));
    return { "@type": "type.googleapis.com/google.cloud.run.v1.Service", ...tidy(answer) };
  };
  const show = (name: string): Json => {
    const of = host.operations.message(name) as Operation;
    const answer = response(of);
    return {
      name: of.name,
      ...(of.done ? { done: true } : {}),
      ...(of.result.case === "error"
        ? { error: { code: of.result.value.code, message: of.result.value.message } }
        : answer === undefined
          ? {}
          : { response: answer }),
    };
  };
  const access = { permission: "run.operations.get", resource: nameOf } as const;
  const path = "/v1/projects/{project}/locations/{location}/operations/{id}";
  return [
    { id: "google.longrunning.Operations.GetOperation", verb: "GET", path, ...access, handle: (r) => show(nameOf(r)) },
    {
      id: "google.longrunning.Operations.WaitOperation",
      verb: "POST",
      path: `${path}:wait`,
      ...access,
      handle: async (request, call) => {
        const name = nameOf(request);
        show(name);
        const asked = textAt(request.body.timeout, "timeout");
        const seconds = asked === "" ? undefined : /^(\d+(?:\.\d+)?)s$/.exec(asked)?.[1];
        if (asked !== "" && seconds === undefined) {
          throw new RpcError("INVALID_ARGUMENT", `Invalid value at 'timeout': '${asked}' is no duration.`);
        }
        const patience = new AbortController();
        const waitMs = Math.min(longestWaitMs, seconds === undefined ? longestWaitMs : Number(seconds) * 1000);
        const cancel = host.clock.after(waitMs, () => patience.abort());
        await host.operations.done(name, AbortSignal.any([call.signal, patience.signal]));
        cancel();
        return show(name);
      },
    },
  ];
}
