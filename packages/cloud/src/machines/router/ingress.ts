import type { IncomingMessage } from "node:http";
import type { ServedService } from "../machines.ts";
import type { Network } from "../network.ts";

/** Who may come in at all, whoever they are: https://cloud.google.com/run/docs/securing/ingress */
export interface Ingress {
  /** Where ingress is internal: whether an instance of the service's own project calls. */
  lets(req: IncomingMessage, service: Pick<ServedService, "name" | "ingress">): Promise<boolean>;
}

export function createIngress(network: Network): Ingress {
  const projects = new WeakMap<object, Promise<string | undefined>>();

  /** The project of the instance at a connection's other end: asked once, as it stays the same. */
  const projectOf = (socket: IncomingMessage["socket"]): Promise<string | undefined> => {
    const known = projects.get(socket) ?? network.ownerOf(socket).then((peer) => peer?.spec.project);
    projects.set(socket, known);
    return known;
  };

  return {
    lets: async ({ socket }, { name, ingress }) =>
      ingress === "all" || (await projectOf(socket)) === name.split("/")[1],
  };
}
