import { clone, type MessageShape } from "@bufbuild/protobuf";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import {
  UptimeCheckConfig_CheckerType as CheckerType,
  UptimeCheckConfig_HttpCheck_ContentType as ContentType,
  UptimeCheckConfig_HttpCheck_RequestMethod as Method,
} from "../../../gen/monitoring-v3.enums.ts";
import type {
  UptimeCheckConfig_HttpCheck,
  UptimeCheckConfigSchema,
} from "../../../gen/types/google/monitoring/v3/uptime_pb.js";
import { badField, invalid } from "./rules.ts";

type Config = MessageShape<typeof UptimeCheckConfigSchema>;

/** What clients see in place of a password or a masked header. */
export const masked = "******";
const periodsS = [60, 300, 600, 900];
const at = "uptime_check_config";

/** What Google fills in; changes the config, which is the caller's own copy. */
export function fillUptime(config: Config, project: string): void {
  config.period ??= durationFromMs(60_000);
  config.checkerType ||= CheckerType.STATIC_IP_CHECKERS;
  if (config.resource.case === "monitoredResource") config.resource.value.labels.project_id ??= project;
  if (config.checkRequestType.case !== "httpCheck") return;
  const http = config.checkRequestType.value;
  http.requestMethod ||= Method.GET;
  if (!http.path.startsWith("/")) http.path = `/${http.path}`;
  http.port ||= http.useSsl ? 443 : 80;
  if (http.body.length > 0) http.headers["Content-Length"] = String(http.body.length);
  else delete http.headers["Content-Length"];
}

/** Throws INVALID_ARGUMENT for what the protos' comments rule out. */
export function checkUptime(config: Config): void {
  const { displayName, resource, checkRequestType, period, timeout } = config;
  if (displayName === "") throw invalid(badField(`${at}.display_name`, "", "A display name must be given."));
  if (resource.case === undefined) throw invalid(badField(`${at}.resource`, undefined, "A resource must be given."));
  if (resource.case !== "syntheticMonitor" && checkRequestType.case === undefined) {
    throw invalid(badField(`${at}.check_request_type`, undefined, "An HTTP or a TCP check must be given."));
  }
  if (resource.case === "monitoredResource" && resource.value.type === "uptime_url" && !resource.value.labels.host) {
    throw invalid(badField(`${at}.monitored_resource.labels`, undefined, "The label 'host' must be given."));
  }
  const periodS = period === undefined ? 60 : durationMs(period) / 1000;
  if (!periodsS.includes(periodS)) {
    throw invalid(badField(`${at}.period`, `${periodS}s`, `It must be one of ${periodsS.join("s, ")}s.`));
  }
  const timeoutS = timeout === undefined ? 0 : durationMs(timeout) / 1000;
  if (timeoutS < 1 || timeoutS > 60) {
    throw invalid(badField(`${at}.timeout`, `${timeoutS}s`, "It must be between 1 and 60 seconds."));
  }
  if (checkRequestType.case === "httpCheck") checkHttp(checkRequestType.value);
  if (checkRequestType.case === "tcpCheck") checkPort(`${at}.tcp_check.port`, checkRequestType.value.port);
}

function checkHttp(http: UptimeCheckConfig_HttpCheck): void {
  const here = `${at}.http_check`;
  checkPort(`${here}.port`, http.port || 80);
  const posts = http.requestMethod === Method.POST;
  if (!posts && http.body.length > 0) {
    throw invalid(badField(`${here}.body`, undefined, "A GET request has no body."));
  }
  if (!posts && http.contentType !== ContentType.TYPE_UNSPECIFIED) {
    throw invalid(badField(`${here}.content_type`, undefined, "A GET request has no content type."));
  }
  if (posts && http.contentType === ContentType.TYPE_UNSPECIFIED) {
    throw invalid(badField(`${here}.content_type`, undefined, "A POST request must have a content type."));
  }
  if (posts && Object.keys(http.headers).some((name) => name.toLowerCase() === "content-type")) {
    throw invalid(badField(`${here}.headers`, undefined, "The content type stands in content_type, not in headers."));
  }
  if ((http.contentType === ContentType.USER_PROVIDED) !== (http.customContentType !== "")) {
    const why = "It must be given with USER_PROVIDED, and with nothing else.";
    throw invalid(badField(`${here}.custom_content_type`, http.customContentType, why));
  }
  if (Object.keys(http.headers).length > 100) {
    throw invalid(badField(`${here}.headers`, undefined, "There may be 100 headers at most."));
  }
}

function checkPort(field: string, port: number): void {
  if (port >= 1 && port <= 65_535) return;
  throw invalid(badField(field, String(port), "A port is a number from 1 to 65535."));
}

/** The config as clients may see it: the password, and headers where they are to be masked, do not show. */
export function shownUptime(schema: typeof UptimeCheckConfigSchema, config: Config): Config {
  const shown = clone(schema, config);
  if (shown.checkRequestType.case !== "httpCheck") return shown;
  const http = shown.checkRequestType.value;
  if (http.authInfo !== undefined && http.authInfo.password !== "") http.authInfo.password = masked;
  if (http.maskHeaders) for (const name of Object.keys(http.headers)) http.headers[name] = masked;
  return shown;
}

/** A display name as the beginning of an id: `My check!` → `my-check`. */
export function slug(displayName: string): string {
  const text = displayName
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return text.slice(0, 40) || "check";
}
