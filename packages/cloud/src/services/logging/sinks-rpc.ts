import type { ConfigServiceV2, LogExclusion, LogSink } from "../../../gen/types/google/logging/v2/logging_config_pb.js";
import type { Host } from "../../host.ts";
import type { Call, Methods } from "../../service.ts";
import { applyFieldMask } from "../../wire/field-mask.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { checkId, forms, idOf, invalid, placedAs } from "./config-names.ts";
import { type ConfigStore, pageOf } from "./config-store.ts";
import { compileQuery } from "./query-eval.ts";
import { parseQuery } from "./query-parse.ts";
import type { Routing } from "./routing.ts";
import { bucketOf, builtInSink, checkDestination } from "./sinks.ts";

type Config = Methods<typeof ConfigServiceV2>;
const changeable = [
  "destination",
  "filter",
  "description",
  "disabled",
  "exclusions",
  "output_version_format",
  "include_children",
  "bigquery_options",
];

/** Sinks, with the two that every project has. */
export function sinkMethods(host: Host, store: ConfigStore, routing: Routing): Config {
  const { projects, schemas } = host;
  const fullName = (name: string): string => placedAs(forms.sink, name, projects);

  const find = (name: string): LogSink => {
    const found = store.sinks.get(name) ?? builtInSink(schemas, store.sinks.schema, name);
    if (found === undefined) throw new RpcError("NOT_FOUND", `Sink ${idOf(name)} does not exist`);
    return found;
  };
  const check = (sink: LogSink): void => {
    checkDestination(sink.destination);
    for (const { filter } of [sink, ...sink.exclusions]) compileQuery(parseQuery(filter));
    if (bucketOf(sink, projects) === undefined && !sink.disabled) {
      host.note(
        "logging.sinks",
        `Logging: the sink ${sink.name} is kept; entries are not delivered to ${sink.destination}.`,
      );
    }
  };
  /** Who writes to the destination; nobody needs to where it is a bucket of the same project. */
  const writer = (sink: LogSink, project: string, unique: boolean): string => {
    if (bucketOf(sink, projects)?.startsWith(`${project}/`)) return "";
    const [kind, id = ""] = project.split("/");
    const own =
      kind === "projects" ? (projects.get(id)?.number ?? "") : `${kind === "folders" ? "folder" : "org"}-${id}`;
    const email =
      unique || kind !== "projects"
        ? `service-${own}@gcp-sa-logging.iam.gserviceaccount.com`
        : "cloud-logs@system.gserviceaccount.com";
    return `serviceAccount:${email}`;
  };
  const save = (name: string, sink: LogSink): LogSink => {
    store.sinks.put(name, sink);
    routing.changed();
    return sink;
  };

  return {
    listSinks: {
      permission: "logging.sinks.list",
      resource: ({ parent }) => placedAs(forms.project, parent, projects),
      audit: "ADMIN_READ",
      handle: (request) => {
        const parent = placedAs(forms.project, request.parent, projects);
        const own = ["_Default", "_Required"].map((id) => find(`${parent}/sinks/${id}`));
        const stored = store.sinks.list({ parent }).items.filter(({ name }) => !own.some((each) => each.name === name));
        const { items, nextPageToken } = pageOf<typeof store.sinks.schema>([...own, ...stored], request, parent);
        return { sinks: items, nextPageToken };
      },
    },
    getSink: {
      permission: "logging.sinks.get",
      resource: ({ sinkName }) => fullName(sinkName),
      audit: "ADMIN_READ",
      handle: ({ sinkName }) => find(fullName(sinkName)),
    },
    createSink: {
      permission: "logging.sinks.create",
      resource: ({ parent }) => placedAs(forms.project, parent, projects),
      audit: "ADMIN_WRITE",
      handle: ({ parent, sink: given, uniqueWriterIdentity }) => {
        if (given === undefined) throw invalid("A sink must be given.");
        checkId("Sink", given.name);
        check(given);
        const project = placedAs(forms.project, parent, projects);
        const now = store.now();
        const sink = schemas.create(store.sinks.schema, { ...given, createTime: now, updateTime: now });
        sink.writerIdentity = writer(sink, project, uniqueWriterIdentity);
        const name = `${project}/sinks/${sink.name}`;
        if (!store.sinks.insert(name, sink)) throw new RpcError("ALREADY_EXISTS", `Sink ${sink.name} already exists`);
        routing.changed();
        return sink;
      },
    },
    updateSink: {
      permission: "logging.sinks.update",
      resource: ({ sinkName }) => fullName(sinkName),
      audit: "ADMIN_WRITE",
      handle: ({ sinkName, sink: given, uniqueWriterIdentity, updateMask }) => {
        if (given === undefined) throw invalid("A sink must be given.");
        const name = fullName(sinkName);
        if (idOf(name) === "_Required") throw invalid("Sink _Required cannot be modified.");
        const sink = schemas.clone(store.sinks.schema, find(name));
        // Without a mask these three are set, as the request's own comment says.
        const paths =
          updateMask === undefined || updateMask.paths.length === 0
            ? ["destination", "filter", "include_children"]
            : updateMask.paths;
        applyFieldMask(store.sinks.schema, sink, given, { paths, changeable });
        check(sink);
        const unique = uniqueWriterIdentity || sink.writerIdentity.includes("gcp-sa-logging");
        sink.writerIdentity = writer(sink, name.slice(0, name.indexOf("/sinks/")), unique);
        sink.updateTime = store.now();
        return save(name, sink);
      },
    },
    deleteSink: {
      permission: "logging.sinks.delete",
      resource: ({ sinkName }) => fullName(sinkName),
      audit: "ADMIN_WRITE",
      handle: ({ sinkName }) => {
        const name = fullName(sinkName);
        const { name: id } = find(name);
        if (id === "_Required" || id === "_Default") throw invalid(`Sink ${id} cannot be deleted.`);
        store.sinks.delete(name);
        routing.changed();
        return {};
      },
    },
  };
}

/** Exclusions of a project: what its sink _Default leaves out. */
export function exclusionMethods(host: Host, store: ConfigStore, routing: Routing): Config {
  const { projects, schemas } = host;
  const fullName = (name: string): string => placedAs(forms.exclusion, name, projects);
  const find = (name: string): LogExclusion => {
    const found = store.exclusions.get(name);
    if (found === undefined) throw new RpcError("NOT_FOUND", `Exclusion ${name} does not exist`);
    return found;
  };
  const check = ({ filter }: LogExclusion): void => {
    if (filter === "") throw invalid("An exclusion must have a filter.");
    compileQuery(parseQuery(filter));
  };
  /** Generated clients were answered whole names, others the id alone; Terraform takes it for what it was told. */
  const shown = (exclusion: LogExclusion, { plainJson }: Call): LogExclusion =>
    plainJson ? { ...exclusion, name: idOf(exclusion.name) } : exclusion;

  return {
    listExclusions: {
      permission: "logging.exclusions.list",
      resource: ({ parent }) => placedAs(forms.project, parent, projects),
      audit: "ADMIN_READ",
      handle: (request, call) => {
        const parent = placedAs(forms.project, request.parent, projects);
        const { items, nextPageToken } = store.exclusions.list({ ...request, parent });
        return { exclusions: items.map((each) => shown(each, call)), nextPageToken };
      },
    },
    getExclusion: {
      permission: "logging.exclusions.get",
      resource: ({ name }) => fullName(name),
      audit: "ADMIN_READ",
      handle: ({ name }, call) => shown(find(fullName(name)), call),
    },
    createExclusion: {
      permission: "logging.exclusions.create",
      resource: ({ parent }) => placedAs(forms.project, parent, projects),
      audit: "ADMIN_WRITE",
      handle: ({ parent, exclusion: given }, call) => {
        if (given === undefined) throw invalid("An exclusion must be given.");
        const id = idOf(given.name);
        checkId("Exclusion", id);
        check(given);
        const name = `${placedAs(forms.project, parent, projects)}/exclusions/${id}`;
        const now = store.now();
        const exclusion = schemas.create(store.exclusions.schema, { ...given, name, createTime: now, updateTime: now });
        if (!store.exclusions.insert(name, exclusion)) {
          throw new RpcError("ALREADY_EXISTS", `Exclusion ${name} already exists`);
        }
        routing.changed();
        return shown(exclusion, call);
      },
    },
    updateExclusion: {
      permission: "logging.exclusions.update",
      resource: ({ name }) => fullName(name),
      audit: "ADMIN_WRITE",
      handle: ({ name, exclusion: given, updateMask }, call) => {
        if (given === undefined) throw invalid("An exclusion must be given.");
        const paths = updateMask?.paths ?? [];
        if (paths.length === 0) throw invalid("An update_mask must be given.");
        const exclusion = schemas.clone(store.exclusions.schema, find(fullName(name)));
        applyFieldMask(store.exclusions.schema, exclusion, given, {
          paths,
          changeable: ["description", "filter", "disabled"],
        });
        check(exclusion);
        exclusion.updateTime = store.now();
        store.exclusions.put(exclusion.name, exclusion);
        routing.changed();
        return shown(exclusion, call);
      },
    },
    deleteExclusion: {
      permission: "logging.exclusions.delete",
      resource: ({ name }) => fullName(name),
      audit: "ADMIN_WRITE",
      handle: ({ name }) => {
        store.exclusions.delete(find(fullName(name)).name);
        routing.changed();
        return {};
      },
    },
  };
}
