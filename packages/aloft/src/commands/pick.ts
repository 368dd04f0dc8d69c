import { Failure } from "@aloft/kit/failure";
import type { Graph, Resource } from "../app/graph.ts";
import { nearest } from "./suggest.ts";

/** The service of this name (`api`), address (`service/api`) or id. Throws `Failure` INPUT_INVALID. */
export function pickService(graph: Graph, typed: string): Resource {
  const services = servicesOf(graph);
  const found = services.find(({ address, id }) => [address, address.split("/")[1], id].includes(typed));
  if (found !== undefined) return found;
  const names = services.map(({ address }) => address.split("/")[1] ?? address);
  const meant = nearest(typed, names);
  throw new Failure({
    code: "INPUT_INVALID",
    what: `${graph.app} has no service ${typed}`,
    next: meant !== undefined ? `did you mean: ${meant}` : `one of: ${names.join(", ") || "(the file declares none)"}`,
  });
}

export function servicesOf(graph: Graph): Resource[] {
  return graph.resources.filter(({ kind }) => kind === "service");
}
