import { expect, test } from "vitest";
import type { StoredEntry } from "../../store/logs.ts";
import { compileQuery } from "./query-eval.ts";
import { parseQuery } from "./query-parse.ts";
import { nanosOf, spanOf } from "./times.ts";

const entry: StoredEntry = {
  logName: "projects/demo/logs/run.googleapis.com%2Fstdout",
  resource: { type: "cloud_run_revision", labels: { service_name: "api", location: "us-central1" } },
  severity: "WARNING",
  timestamp: "2026-03-01T12:00:00.123456789Z",
  receiveTimestamp: "2026-03-01T12:00:01Z",
  insertId: "abc",
  labels: { "compute.googleapis.com/name": "one", empty: "" },
  jsonPayload: {
    callId: "X-17",
    message: "Call started (slow)",
    took: 12.5,
    ok: true,
    parts: [{ id: 1 }, { id: 2 }],
    nothing: null,
  },
  httpRequest: { status: 503, requestMethod: "GET", latency: "0.5s", remoteIp: "10.1.2.3" },
};
const matches = (query: string): boolean => compileQuery(parseQuery(query))(entry);

test.each([
  "",
  "-- nothing but a comment",
  'resource.type="cloud_run_revision"',
  "resource.type=cloud_run_revision AND resource.labels.service_name=API",
  'resource.type = "cloud_run_revision"\nresource.labels.service_name = "api"\n severity>=DEFAULT',
  "severity>=WARNING",
  "severity>=warning AND severity<ERROR",
  "severity=400",
  'logName="projects/demo/logs/run.googleapis.com%2Fstdout"',
  "logName:stdout",
  'log_id("run.googleapis.com/stdout")',
  'log_name="projects/demo/logs/run.googleapis.com%2Fstdout"',
  'timestamp>="2026-03-01T12:00:00.123456789Z" timestamp<"2026-03-01T12:00:00.123456790Z"',
  "timestamp>=2026-03-01T12:00:00Z",
  'timestamp>="2026-03-01T14:00:00.100000+0200"',
  'timestamp>"2026-02-28"',
  'jsonPayload.callId="x-17"',
  "json_payload.callId:17",
  "jsonPayload.took>12 AND jsonPayload.took<=12.5",
  "jsonPayload.ok=true",
  "jsonPayload.parts.id=2",
  'jsonPayload.message=~"^Call \\w+"',
  'jsonPayload.message!~"nothing"',
  'jsonPayload.message=~"(?i)call STARTED"',
  'labels."compute.googleapis.com/name"=one',
  "labels.empty:*",
  "resource.labels:service_name",
  "httpRequest.status>=500",
  'httpRequest.requestMethod=("POST" OR "GET")',
  "severity=(INFO OR WARNING)",
  '"started (slow)"',
  "started slow",
  "NOT crashed",
  "-severity=ERROR",
  "NOT (severity=ERROR OR severity=INFO)",
  'trace=""',
  "NOT jsonPayload.absent=1",
  // OR binds closer than AND.
  "severity=INFO OR severity=WARNING AND insertId=abc OR insertId=none",
  'SEARCH("slow call")',
  'SEARCH(jsonPayload.message, "`call started`")',
  'SEARCH("x-17 api")',
  'jsonPayload.message=~"\\ACall (?P<what>[[:alpha:]]+) .*\\)\\z"',
  'LOG_ID("run.googleapis.com/stdout") AND SOURCE("projects/demo")',
  'ip_in_net(httpRequest.remoteIp, "10.1.0.0/16")',
  "CAST(jsonPayload.took, INT64)=12",
  'CAST(REGEXP_EXTRACT(jsonPayload.callId, "-(\\\\d+)"), INT64) > 16',
  'CAST(timestamp, STRING, TIMEZONE("America/New_York")) =~ "^2026-03-01 07:00"',
  "httpRequest.latency<10s AND httpRequest.latency>=500ms",
  "jsonPayload.nothing=NULL_VALUE",
  "sample(insertId, 1)",
])("logging query: %s matches", (query) => {
  expect(matches(query)).toBe(true);
});

test.each([
  "severity>WARNING",
  "severity=ERROR AND resource.type=cloud_run_revision",
  "jsonPayload.absent=1",
  "jsonPayload.absent!=1",
  "jsonPayload.absent:*",
  'jsonPayload.callId="X-1"',
  "jsonPayload.took>100",
  'jsonPayload.message=~"^call"',
  "NOT started",
  "severity=INFO OR severity=DEBUG AND insertId=abc",
  'log_id("run.googleapis.com/stderr")',
  'timestamp<"2026-03-01T12:00:00Z"',
  "sample(insertId, 0)",
  'SEARCH("start")',
  'SEARCH(jsonPayload.message, "`all started`")',
  'SOURCE("projects/other")',
  'ip_in_net(httpRequest.remoteIp, "192.168.0.0/16")',
  "httpRequest.latency>2s",
  "jsonPayload.took=NULL_VALUE",
])("logging query: %s does not match", (query) => {
  expect(matches(query)).toBe(false);
});

test.each([
  ["severity>=", "unexpected end"],
  ["(severity=ERROR", "unexpected end"],
  ["severity=ERROR)", "token ')'"],
  ['textPayload="open', "syntax error at line 1"],
  ["AND", "syntax error"],
  ["severity>=LOUD", 'Invalid value "LOUD" for field "severity"'],
  ["timestamp>yesterday", 'Invalid value "yesterday" for field "timestamp"'],
  ['textPayload=~"("', "invalid regular expression"],
  ["a=1\nb==2", "line 2, column 3"],
  ['ip_in_net(a, "nowhere")', "invalid arguments of function ip_in_net"],
  ["CAST(a, INT64)", "syntax error"],
  ["CAST(a, COLOUR)=1", "invalid arguments of function cast"],
])("logging query: %s is refused", (query, words) => {
  expect(() => matches(query)).toThrow(words);
});

test("logging query: conditions on the time bound what is read, those of an alternative do not", () => {
  const from = Date.parse("2026-03-01T00:00:00Z");
  expect(spanOf(parseQuery('timestamp>="2026-03-01T00:00:00Z" AND severity=ERROR'))).toEqual({ fromMs: from });
  expect(spanOf(parseQuery('timestamp<"2026-03-01T00:00:00Z"'))).toEqual({ toMs: from + 1 });
  expect(spanOf(parseQuery('timestamp>="2026-03-01T00:00:00Z" OR severity=ERROR'))).toEqual({});
  expect(spanOf(parseQuery('NOT timestamp>="2026-03-01T00:00:00Z"'))).toEqual({});
  expect(nanosOf("2026-03-01T01:00:00+01:00")).toBe(nanosOf("2026-03-01T00:00:00Z"));
  expect(nanosOf("2026-13-01")).toBeUndefined();
});
