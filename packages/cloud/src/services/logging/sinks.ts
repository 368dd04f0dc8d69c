import type { LogSink, LogSinkSchema } from "../../../gen/types/google/logging/v2/logging_config_pb.js";
import type { Projects, Schemas } from "../../host.ts";
import { defaultFilter, forms, idOf, invalid, requiredFilter } from "./config-names.ts";

const logging = "logging.googleapis.com/";
const destinations: readonly RegExp[] = [
  /^storage\.googleapis\.com\/[^/]+$/,
  /^bigquery\.googleapis\.com\/projects\/[^/]+\/datasets\/[^/]+$/,
  /^pubsub\.googleapis\.com\/projects\/[^/]+\/topics\/[^/]+$/,
  /^logging\.googleapis\.com\/projects\/[^/]+(\/locations\/[^/]+\/buckets\/[^/]+)?$/,
  /^logging\.googleapis\.com\/(folders|organizations)\/\d+\/locations\/[^/]+\/buckets\/[^/]+$/,
];

/** The sinks _Default and _Required, which every project has, and every folder and organisation. */
export function builtInSink(schemas: Schemas, schema: typeof LogSinkSchema, name: string): LogSink | undefined {
  const id = idOf(name);
  if (id !== "_Default" && id !== "_Required") return undefined;
  const project = name.slice(0, name.indexOf("/sinks/"));
  return schemas.create(schema, {
    name: id,
    destination: `${logging}${project}/locations/global/buckets/${id}`,
    filter: id === "_Required" ? requiredFilter : defaultFilter,
  });
}

/** Throws INVALID_ARGUMENT for a destination that no sink can have. */
export function checkDestination(destination: string): void {
  if (destinations.some((form) => form.test(destination))) return;
  throw invalid(
    `The sink destination "${destination}" is invalid: it must be a Cloud Storage bucket, a BigQuery dataset, a Pub/Sub topic, a log bucket or a project.`,
  );
}

const isBucket = new RegExp(
  `^${forms.bucket.replace("projects", "(projects|folders|organizations)").replaceAll("*", "[^/]+")}$`,
);

/** The log bucket that a sink writes to, by its full name; undefined for any other destination. */
export function bucketOf(sink: Pick<LogSink, "destination">, projects: Projects): string | undefined {
  const name = sink.destination.startsWith(logging) ? sink.destination.slice(logging.length) : "";
  return isBucket.test(name) ? projects.canonical(name) : undefined;
}
