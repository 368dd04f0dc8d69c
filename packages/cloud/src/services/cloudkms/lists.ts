import type { DescMessage, Message, MessageShape } from "@bufbuild/protobuf";
import type { ListOptions } from "../../store/collection.ts";
import { compileFilter } from "../../wire/filter.ts";
import { invalid, unimplemented } from "./rules.ts";

interface ListRequest {
  readonly pageSize: number;
  readonly pageToken: string;
  readonly filter: string;
  readonly orderBy: string;
}

const defaultPage = 100;
const largestPage = 1000;

/** How many a page holds. Throws INVALID_ARGUMENT for a negative size. */
export function pageSizeOf({ pageSize }: Pick<ListRequest, "pageSize">): number {
  if (pageSize < 0) throw invalid("page_size must not be negative.");
  return Math.min(pageSize || defaultPage, largestPage);
}

/** What a list request asks of a collection. Lists are in the order of names; another order is said not to be here. */
export function listOptions<S extends DescMessage>(
  request: ListRequest,
  schema: S,
): Pick<ListOptions<MessageShape<S>>, "pageSize" | "pageToken" | "where"> {
  const keep = filterOf(request, schema);
  return {
    pageSize: pageSizeOf(request),
    pageToken: request.pageToken,
    ...(keep === undefined ? {} : { where: keep }),
  };
}

export function filterOf(request: ListRequest, schema: DescMessage): ((message: Message) => boolean) | undefined {
  if (!/^(name( asc)?)?$/.test(request.orderBy.trim())) throw unimplemented(`order_by [${request.orderBy}]`);
  return request.filter === "" ? undefined : compileFilter(request.filter, schema);
}
