import type { Locations } from "../../gen/types/google/cloud/location/locations_pb.js";
import { permissions } from "../chain/permissions.ts";
import { type Access, rpc, type ServiceParts } from "../service.ts";
import type { ExtraRoutes } from "./api.ts";
import { RpcError } from "./rpc-error.ts";

/** The regions that the local cloud has, all alike: those of Cloud Run that people deploy to most, by display name. */
export const regions: Readonly<Record<string, string>> = {
  "asia-east1": "Taiwan",
  "asia-northeast1": "Tokyo",
  "asia-south1": "Mumbai",
  "asia-southeast1": "Singapore",
  "australia-southeast1": "Sydney",
  "europe-north1": "Finland",
  "europe-west1": "Belgium",
  "europe-west2": "London",
  "europe-west3": "Frankfurt",
  "europe-west4": "Netherlands",
  "europe-west9": "Paris",
  "northamerica-northeast1": "Montréal",
  "southamerica-east1": "São Paulo",
  "us-central1": "Iowa",
  "us-east1": "South Carolina",
  "us-east4": "Northern Virginia",
  "us-west1": "Oregon",
  "us-west2": "Los Angeles",
};

const known = new Set(permissions);

/** `google.cloud.location.Locations` of one API. */
export function locationsOf(api: string, at: NonNullable<ServiceParts["locations"]>): ExtraRoutes {
  const versions = [at.version, ...(at.also ?? [])];
  const reads = (path: string) =>
    versions.map((version) => ({ verb: "GET", template: `/${version}/${path}`, body: "" }) as const);
  const short = api.slice(0, api.indexOf("."));
  const access = (verb: string): Access<{ readonly name: string }> => {
    const permission = `${short}.locations.${verb}`;
    return { permission: known.has(permission) ? permission : [], resource: ({ name }) => name };
  };
  const location = (project: string, id: string) => ({
    name: `${project}/locations/${id}`,
    locationId: id,
    displayName: regions[id] ?? id,
    labels: { "cloud.googleapis.com/region": id },
  });
  const locations = rpc<typeof Locations>("google.cloud.location.Locations", {
    listLocations: {
      ...access("list"),
      handle: ({ name }) => ({ locations: Object.keys(regions).map((id) => location(name, id)) }),
    },
    getLocation: {
      ...access("get"),
      handle: ({ name }) => {
        const [, project, id] = /^(projects\/[^/]+)\/locations\/([^/]+)$/.exec(name) ?? [];
        if (project === undefined || id === undefined || regions[id] === undefined) {
          throw new RpcError("NOT_FOUND", `Location ${name} is not found or access is unauthorized.`);
        }
        return location(project, id);
      },
    },
  });
  return {
    rpc: locations,
    bindings: {
      listLocations: reads("{name=projects/*}/locations"),
      getLocation: reads("{name=projects/*/locations/*}"),
    },
  };
}
