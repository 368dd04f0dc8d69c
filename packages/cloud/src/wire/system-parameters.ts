import { RpcError } from "./rpc-error.ts";

/** What Google's REST doors understand for every method, besides its own parameters. */
export interface SystemParameters {
  readonly pretty: boolean;
  readonly enumAsInteger: boolean;
  readonly fields: string | undefined;
  readonly accessToken: string | undefined;
}

const ignored = [
  "key",
  "$key",
  "quotaUser",
  "$quotaUser",
  "userIp",
  "$.xgafv",
  "$xgafv",
  "$unique",
  "uploadType",
  "upload_protocol",
  "oauth_token",
];

/** Takes the system parameters out of the query (https://cloud.google.com/apis/docs/system-parameters). Throws INVALID_ARGUMENT. */
export function readSystemParameters(query: URLSearchParams): SystemParameters {
  if (query.size === 0) return { pretty: true, enumAsInteger: false, fields: undefined, accessToken: undefined };
  const take = (name: string): string | undefined => {
    const value = query.get(`$${name}`) ?? query.get(name);
    query.delete(`$${name}`);
    query.delete(name);
    return value ?? undefined;
  };
  const [format, ...options] = (take("alt") ?? "json").split(";");
  if (format !== "json" && format !== "") {
    throw new RpcError(
      "INVALID_ARGUMENT",
      `The local cloud answers with alt=json here; alt=${format} is not supported.`,
    );
  }
  if (take("callback") !== undefined) {
    throw new RpcError("INVALID_ARGUMENT", "The local cloud does not answer with JSONP: leave callback out.");
  }
  const pretty = take("prettyPrint");
  const fields = take("fields");
  const accessToken = take("access_token");
  for (const name of ignored) query.delete(name);
  return {
    pretty: pretty !== "false" && pretty !== "0",
    enumAsInteger: options.includes("enum-encoding=int"),
    fields: fields === "" ? undefined : fields,
    accessToken,
  };
}
