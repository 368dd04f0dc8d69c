import type { AnyMethod, Call, CloudService, RestMethod, RpcService } from "../packages/cloud/src/service.ts";
import type { Report } from "./suite.ts";

/** Of a suite's own requests, which set up and look after: they show nothing of a client. */
export const ownHeader = "x-aloft-conformance";

/** The same services, which tell the report of each method that answered without an error, and through which door. */
export function watched(services: readonly CloudService[], report: Pick<Report, "answered">): readonly CloudService[] {
  const told = <A>(method: string, call: Call, answer: A): A => {
    const door = (call.headers["content-type"] ?? "").startsWith("application/grpc") ? "grpc" : "rest";
    // What the cloud calls itself came through no door.
    if (Object.keys(call.headers).length === 0 || call.headers[ownHeader] !== undefined) return answer;
    if (answer instanceof Promise) answer.then(() => report.answered(method, door)).catch(() => undefined);
    else report.answered(method, door);
    return answer;
  };
  const ofRpc = (service: RpcService): RpcService => ({
    typeName: service.typeName,
    methods: Object.fromEntries(
      Object.entries(service.methods).map(([local, method]) => {
        if (method === undefined) return [local, method];
        const name = `${service.typeName}/${local.charAt(0).toUpperCase()}${local.slice(1)}`;
        const { handle, stream } = method;
        const own: AnyMethod = {
          ...method,
          ...(handle === undefined ? {} : { handle: (request, call) => told(name, call, handle(request, call)) }),
          ...(stream === undefined
            ? {}
            : { stream: (request, call, requests) => told(name, call, stream(request, call, requests)) }),
        };
        return [local, own];
      }),
    ),
  });
  /** A proto's method that is answered as JSON alone goes by its gRPC name. */
  const nameOf = (id: string): string => id.replace(/^(google\..+)\.(\w+)$/, "$1/$2");
  const ofRest = (method: RestMethod): RestMethod => ({
    ...method,
    handle: (request, call) => told(nameOf(method.id), call, method.handle(request, call)),
  });
  return services.map((service) => ({
    ...service,
    create: async (host) => {
      const parts = await service.create(host);
      return {
        ...parts,
        ...(parts.rpc === undefined ? {} : { rpc: parts.rpc.map(ofRpc) }),
        ...(parts.rest === undefined ? {} : { rest: parts.rest.map(ofRest) }),
        ...(parts.raw === undefined
          ? {}
          : {
              raw: parts.raw.map((method) => ({
                ...method,
                stream: (request, call, exchange) => told(method.id, call, method.stream(request, call, exchange)),
              })),
            }),
      };
    },
  }));
}
