import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type {
  MutationRecord,
  MutationRecordSchema,
} from "../../../gen/types/google/monitoring/v3/mutation_record_pb.js";
import type { Host } from "../../host.ts";
import type { AuditKind } from "../../service.ts";
import { type Collection, collection } from "../../store/collection.ts";
import { compileFilter } from "../../wire/filter.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { projectOfName } from "./rules.ts";

/** What is configured of Monitoring: each under `projects/p/COLLECTION/DIGITS`. */
export interface Kept<S extends DescMessage> {
  readonly schema: S;
  readonly all: Collection<S>;
  /** Throws NOT_FOUND. */
  find(given: string): MessageShape<S>;
  newName(project: string): string;
  list(request: {
    readonly name: string;
    readonly filter: string;
    readonly pageSize: number;
    readonly pageToken: string;
  }): { readonly items: MessageShape<S>[]; readonly nextPageToken: string; readonly totalSize: number };
  /** Now, by this caller. */
  record(mutatedBy?: string): MutationRecord;
}

export function kept<S extends DescMessage>(
  host: Host,
  of: { readonly table: string; readonly type: string; readonly collection: string; readonly what: string },
): Kept<S> {
  const { db, schemas, projects, clock } = host;
  const schema = schemas.message(`google.monitoring.v3.${of.type}`) as unknown as S;
  const records = schemas.message<typeof MutationRecordSchema>("google.monitoring.v3.MutationRecord");
  const all = collection({ db, schemas, table: of.table, schema });
  const projectName = (name: string): string => projects.canonical(`projects/${projectOfName(name)}`);
  return {
    schema,
    all,
    find: (given) => {
      const found = all.get(projects.canonical(given));
      if (found === undefined) throw new RpcError("NOT_FOUND", `Could not find ${of.what} '${given}'.`);
      return found;
    },
    newName: (project) => `${projectName(project)}/${of.collection}/${newId(host)}`,
    list: (request) => {
      const parent = projectName(request.name);
      const where = compileFilter(request.filter, schema);
      const pageSize = request.pageSize > 0 ? Math.min(request.pageSize, 1000) : 100;
      const { items, nextPageToken } = all.list({ parent, where, pageSize, pageToken: request.pageToken });
      return { items, nextPageToken, totalSize: all.list({ parent, where }).items.length };
    },
    record: (mutatedBy) =>
      schemas.create(records, {
        mutateTime: timestampFromMs(clock.now()),
        ...(mutatedBy === undefined ? {} : { mutatedBy }),
      }),
  };
}

/** Nineteen digits, as Monitoring names what it keeps. */
export function newId(host: Host): string {
  return host.ids.digits(19);
}

/** A method's permission, and how it is audited. */
export function access(permission: string, audit: AuditKind) {
  return { permission: `monitoring.${permission}`, audit };
}
