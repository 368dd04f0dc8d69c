import type { LocationMetadataSchema } from "../../../gen/types/google/cloud/kms/v1/service_pb.js";
import type { Locations } from "../../../gen/types/google/cloud/location/locations_pb.js";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { invalid, requireName } from "./rules.ts";

/** Where keys can be at Google: one region, several, or `global` (docs.cloud.google.com/kms/docs/locations). */
const regions =
  "africa-south1 asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2 asia-southeast1 asia-southeast2 asia-southeast3 australia-southeast1 australia-southeast2 europe-central2 europe-north1 europe-north2 europe-southwest1 europe-west1 europe-west10 europe-west12 europe-west2 europe-west3 europe-west4 europe-west6 europe-west8 europe-west9 me-central1 me-central2 me-west1 northamerica-northeast1 northamerica-northeast2 northamerica-south1 southamerica-east1 southamerica-west1 us-central1 us-central2 us-east1 us-east4 us-east5 us-south1 us-west1 us-west2 us-west3 us-west4";
const wider =
  "asia asia1 eur3 eur4 eur5 eur6 europe global in nam-eur-asia1 nam10 nam11 nam12 nam3 nam4 nam6 nam7 nam8 nam9 us";
const places: ReadonlySet<string> = new Set([...regions.split(" "), ...wider.split(" ")].sort());

/** Throws when `projects/p/locations/l` is no place for keys. */
export function requirePlace(name: string): void {
  requireName("Location", name);
  const location = name.split("/")[3] ?? "";
  if (!places.has(location)) throw invalid(`Location [${location}] is not a location of Cloud KMS.`);
}

/** `google.cloud.location.Locations`: all places, each with what it offers. */
export function locationMethods(host: Host): RpcService {
  const metadata = host.schemas.message<typeof LocationMetadataSchema>("google.cloud.kms.v1.LocationMetadata");
  const value = host.schemas.encode(metadata, host.schemas.create(metadata, { hsmAvailable: true }));
  const location = (project: string, id: string) => ({
    name: `${project}/locations/${id}`,
    locationId: id,
    labels: {
      "cloud.googleapis.com/location": id,
      ...(wider.split(" ").includes(id) ? {} : { "cloud.googleapis.com/region": id }),
    },
    metadata: { typeUrl: `type.googleapis.com/${metadata.typeName}`, value },
  });
  return rpc<typeof Locations>("google.cloud.location.Locations", {
    listLocations: {
      permission: "cloudkms.locations.list",
      resource: ({ name }) => name,
      audit: "ADMIN_READ",
      handle: ({ name }) => {
        if (!/^projects\/[^/]+$/.test(name)) throw invalid(`Resource name [${name}] does not name a project.`);
        return { locations: [...places].map((id) => location(host.projects.canonical(name), id)) };
      },
    },
    getLocation: {
      permission: "cloudkms.locations.get",
      resource: ({ name }) => name,
      audit: "ADMIN_READ",
      handle: ({ name }) => {
        requireName("Location", name);
        const [kind, project, , id = ""] = host.projects.canonical(name).split("/");
        if (!places.has(id)) {
          throw new RpcError("NOT_FOUND", `Location ${name} is not found or access is unauthorized.`);
        }
        return location(`${kind}/${project}`, id);
      },
    },
  });
}
