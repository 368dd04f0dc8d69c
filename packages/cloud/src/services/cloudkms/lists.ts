import type { DescMessage, Message, MessageShape } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { type Collection, pageToken, readPageToken } from "../../store/collection.ts";
import { compileFilter } from "../../wire/filter.ts";
import { invalid } from "./rules.ts";

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

/** One page of what a list request asks of a collection: those that its filter keeps, in the order that it wants. */
export function listed<S extends DescMessage>(
  items: Collection<S>,
  request: ListRequest & { readonly parent: string },
  schema: S,
  /** As it is answered, where that is not as it is stored. */
  shown: (message: MessageShape<S>) => MessageShape<S> = (message) => message,
): { readonly items: MessageShape<S>[]; readonly nextPageToken: string } {
  const { parent } = request;
  const keep = filterOf(request, schema);
  const pageSize = pageSizeOf(request);
  const order = orderOf(request, schema);
  if (order === undefined) {
    const where = keep === undefined ? {} : { where: (message: MessageShape<S>) => keep(shown(message)) };
    const page = items.list({ parent, pageSize, pageToken: request.pageToken, ...where });
    return { items: page.items.map(shown), nextPageToken: page.nextPageToken };
  }
  const all = items.list({ parent }).items.map(shown);
  const found = all.filter(keep ?? (() => true)).sort(order);
  return slice(found, request, pageSize);
}

/** A page of a list that is at hand as a whole. The token is of this parent, filter and order alone. */
export function slice<T>(
  all: readonly T[],
  { parent, filter, orderBy, pageToken: token }: ListRequest & { readonly parent: string },
  pageSize: number,
): { readonly items: T[]; readonly nextPageToken: string } {
  const scope = `${parent} ${filter} ${orderBy}`;
  const from = token === "" ? 0 : Number(readPageToken(token, scope));
  const to = from + pageSize;
  return { items: all.slice(from, to), nextPageToken: to < all.length ? pageToken(String(to), scope) : "" };
}

export function filterOf(
  request: Pick<ListRequest, "filter">,
  schema: DescMessage,
): ((message: Message) => boolean) | undefined {
  return request.filter === "" ? undefined : compileFilter(request.filter, schema);
}

type Order = (a: Message, b: Message) => number;

/**
 * `create_time desc, name` (docs.cloud.google.com/kms/docs/sorting-and-filtering). Undefined for the usual order, by name.
 * Throws INVALID_ARGUMENT for what is no field, or none that has an order.
 */
export function orderOf({ orderBy }: Pick<ListRequest, "orderBy">, schema: DescMessage): Order | undefined {
  if (/^\s*(name(\s+asc)?)?\s*$/.test(orderBy)) return undefined;
  const orders = orderBy.split(",").map((part) => {
    const [, name = "", direction = "asc"] = /^\s*(\w+)(?:\s+(asc|desc))?\s*$/i.exec(part) ?? [];
    const field = schema.fields.find((each) => each.name === name || each.jsonName === name);
    const time = field?.message?.typeName === "google.protobuf.Timestamp";
    if (field === undefined || !(time || field.fieldKind === "scalar" || field.fieldKind === "enum")) {
      throw invalid(`The list cannot be ordered by [${part.trim()}].`);
    }
    const sign = direction.toLowerCase() === "desc" ? -1 : 1;
    const rankOf = (message: Message): bigint | number | string => {
      const value = (message as unknown as Record<string, unknown>)[field.localName];
      if (!time) return value as number | string;
      const { seconds, nanos } = (value ?? { seconds: 0n, nanos: 0 }) as Timestamp;
      return seconds * 1_000_000_000n + BigInt(nanos);
    };
    return (a: Message, b: Message): number => {
      const [one, other] = [rankOf(a), rankOf(b)];
      return one === other ? 0 : one < other ? -sign : sign;
    };
  });
  return (a, b) => orders.map((each) => each(a, b)).find((result) => result !== 0) ?? 0;
}
