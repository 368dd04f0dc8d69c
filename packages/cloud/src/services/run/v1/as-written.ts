import type { run_v1 } from "@googleapis/run";
import type { Service } from "../../../../gen/types/google/cloud/run/v2/service_pb.js";
import type { Database } from "../../../host.ts";
import type { JsonObject } from "../../../service.ts";
import { annotation, outputs } from "./annotations.ts";
import { objectAt, textsAt } from "./json.ts";

type Texts = Readonly<Record<string, string | null | undefined>>;

/** By annotation: what v2's fields make of it, and what was written for that. Null: not there. */
type Kept = Readonly<Record<string, readonly [made: string | null, written: string | null]>>;

/**
 * v1 keeps annotations as they were written, also those that say what would be so without them; v2's fields do not
 * tell. Kept is what differs, and shown for as long as v2's fields make the same of it.
 */
export interface AsWritten {
  /** `shown` is what v2's fields make of the body. */
  keep(service: Service, body: JsonObject, shown: run_v1.Schema$Service): void;
  show(service: Service, shown: run_v1.Schema$Service): run_v1.Schema$Service;
}

/** Of the service; v1 has them at its template only where they were written there. */
const clients: readonly string[] = [annotation.clientName, annotation.clientVersion];

export function createAsWritten(db: Database): AsWritten {
  db.define(
    "CREATE TABLE IF NOT EXISTS run_v1_written (service TEXT PRIMARY KEY, uid TEXT NOT NULL, kept TEXT NOT NULL)",
  );
  return {
    keep: ({ name, uid }, body, shown) => {
      const template = objectAt(objectAt(body.spec, "spec").template, "spec.template");
      const kept = [
        differences(writtenIn(body), shown.metadata?.annotations ?? {}, []),
        differences(writtenIn(template), shown.spec?.template?.metadata?.annotations ?? {}, clients),
      ];
      db.prepare("INSERT OR REPLACE INTO run_v1_written (service, uid, kept) VALUES (?, ?, ?)").run(
        name,
        uid,
        JSON.stringify(kept),
      );
    },
    show: ({ name, uid }, shown) => {
      const row = db.prepare("SELECT kept FROM run_v1_written WHERE service = ? AND uid = ?").get(name, uid);
      if (row === undefined) return shown;
      const [own, ofTemplate] = JSON.parse(String(row.kept)) as readonly [Kept, Kept];
      const { metadata, spec } = shown;
      const template = spec?.template;
      return {
        ...shown,
        metadata: { ...metadata, annotations: restored(metadata?.annotations ?? {}, own) },
        ...(spec === undefined || template === undefined
          ? {}
          : {
              spec: {
                ...spec,
                template: {
                  ...template,
                  metadata: {
                    ...template.metadata,
                    annotations: restored(template.metadata?.annotations ?? {}, ofTemplate),
                  },
                },
              },
            }),
      };
    },
  };
}

function writtenIn(of: JsonObject): Texts {
  const given = textsAt(objectAt(of.metadata, "metadata").annotations, "metadata.annotations");
  // gcloud writes True, and is answered true.
  const value = (text: string): string => (/^(true|false)$/i.test(text) ? text.toLowerCase() : text);
  return Object.fromEntries(
    Object.entries(given)
      .filter(([key]) => !outputs.includes(key))
      .map(([key, text]) => [key, value(text)]),
  );
}

function differences(written: Texts, made: Texts, unasked: readonly string[]): Kept {
  const keys = new Set([...Object.keys(written), ...unasked.filter((key) => made[key] !== undefined)]);
  return Object.fromEntries(
    [...keys]
      .map((key) => [key, [made[key] ?? null, written[key] ?? null]] as const)
      .filter(([, [was, said]]) => was !== said),
  );
}

function restored(made: Texts, kept: Kept): Record<string, string> {
  const all = { ...made };
  for (const [key, [was, written]] of Object.entries(kept)) if ((made[key] ?? null) === was) all[key] = written;
  return Object.fromEntries(
    Object.entries(all).filter((each): each is [string, string] => typeof each[1] === "string"),
  );
}
