import type { DescField, Message } from "@bufbuild/protobuf";
import { isMessage } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Text_Format, XyChart_DataSet_TargetAxis } from "../../../gen/monitoring-v3.enums.ts";
import type { Dashboard } from "../../../gen/types/google/monitoring/dashboard/v1/dashboard_pb.js";
import type { MosaicLayout } from "../../../gen/types/google/monitoring/dashboard/v1/layouts_pb.js";
import type { Schemas } from "../../host.ts";
import { badField, invalid } from "./rules.ts";

const own = "google.monitoring.dashboard.v1.";

type Fields = Record<string, unknown>;

/** What Google fills in, as recorded answers show it: changes the message, which is the caller's own copy. */
export function fillDefaults(schemas: Schemas, message: Message): void {
  const fields = message as unknown as Fields;
  switch (message.$typeName) {
    case `${own}Text`:
      fields.format ||= Text_Format.MARKDOWN;
      fields.style ??= schemas.create(schemas.message(`${own}Text.TextStyle`), {});
      break;
    case `${own}XyChart.DataSet`:
      fields.targetAxis ||= XyChart_DataSet_TargetAxis.Y1;
      break;
    case `${own}TimeSeriesTable.TableDataSet`:
      fields.minAlignmentPeriod ??= durationFromMs(0);
      break;
  }
  for (const field of schemas.message(message.$typeName).fields) {
    for (const inner of messagesIn(field, fields)) if (inner.$typeName.startsWith(own)) fillDefaults(schemas, inner);
  }
}

function messagesIn(field: DescField, fields: Fields): readonly Message[] {
  if (field.message === undefined) return [];
  if (field.oneof !== undefined) {
    const chosen = fields[field.oneof.localName] as { readonly case?: string; readonly value?: unknown };
    return chosen.case === field.localName && isMessage(chosen.value) ? [chosen.value] : [];
  }
  const value = fields[field.localName];
  if (isMessage(value)) return [value];
  return Array.isArray(value) ? value.filter((each): each is Message => isMessage(each)) : [];
}

/** Throws INVALID_ARGUMENT for what the protos' comments rule out. */
export function checkDashboard(dashboard: Dashboard): void {
  if (dashboard.displayName === "") {
    throw invalid(badField("dashboard.displayName", "", "A display name must be given."));
  }
  if (dashboard.layout.case === "mosaicLayout") checkMosaic(dashboard.layout.value);
}

/** The widest mosaic that Google lays out. */
const mostColumns = 48;

function checkMosaic({ columns, tiles }: MosaicLayout): void {
  const at = "dashboard.mosaicLayout";
  if (columns < 1 || columns > mostColumns) {
    throw invalid(badField(`${at}.columns`, String(columns), `There must be 1 to ${mostColumns} columns.`));
  }
  tiles.forEach(({ xPos, yPos, width, height }, i) => {
    const tile = `${at}.tiles[${i}]`;
    if (width < 1) throw invalid(badField(`${tile}.width`, String(width), "A tile must be at least 1 wide."));
    if (height < 1) throw invalid(badField(`${tile}.height`, String(height), "A tile must be at least 1 high."));
    if (yPos < 0) throw invalid(badField(`${tile}.yPos`, String(yPos), "It cannot be negative."));
    if (xPos < 0 || xPos + width > columns) {
      throw invalid(badField(`${tile}.xPos`, String(xPos), "A tile must be contained within the columns."));
    }
  });
}
