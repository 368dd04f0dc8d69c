import { parseDuration } from "@aloft/kit/duration";
import { codeNamed, type FaultSpec } from "./chain/faults.ts";
import type { JsonObject } from "./service.ts";
import { RpcError } from "./wire/rpc-error.ts";

const fields = new Set(["api", "method", "code", "rate", "latency", "count"]);

/**
 * A fault as the admin API takes it: `{ api?, method?, code?: 503 | "UNAVAILABLE", rate?: 0.2, latency?: "300ms" | 300,
 * count?: 3 }`. Throws INVALID_ARGUMENT, by field.
 */
export function readFault(body: JsonObject): FaultSpec {
  const unknown = Object.keys(body).find((field) => !fields.has(field));
  if (unknown !== undefined) throw wrong(`A fault has no ${unknown}: ${[...fields].join(", ")}.`);
  const { api, method, code, rate, latency, count } = body;
  for (const [name, value] of Object.entries({ api, method })) {
    if (value !== undefined && (typeof value !== "string" || value === "")) throw wrong(`${name} is to be a name.`);
  }
  const named = typeof code === "number" || typeof code === "string" ? codeNamed(code) : undefined;
  if (code !== undefined && named === undefined) throw wrong(`code ${code} is no status, like 503 or UNAVAILABLE.`);
  if (rate !== undefined && !(typeof rate === "number" && rate > 0 && rate <= 1)) {
    throw wrong(`rate ${rate} is not above 0 and at most 1.`);
  }
  const ms = typeof latency === "number" ? latency : latency === undefined ? 0 : parseDuration(String(latency));
  if (ms === undefined || !(ms >= 0)) throw wrong(`latency ${latency} is no duration, like 300ms.`);
  if (count !== undefined && !(Number.isInteger(count) && Number(count) > 0))
    throw wrong(`count ${count} is no number.`);
  if (named === undefined && ms === 0) throw wrong("A fault needs a code, a latency, or both.");
  return {
    ...(api === undefined ? {} : { api: String(api) }),
    ...(method === undefined ? {} : { method: String(method) }),
    ...(named === undefined ? {} : { code: named }),
    ...(rate === undefined ? {} : { rate: Number(rate) }),
    ...(ms === 0 ? {} : { latencyMs: ms }),
    ...(count === undefined ? {} : { count: Number(count) }),
  };
}

function wrong(text: string): RpcError {
  return new RpcError("INVALID_ARGUMENT", text);
}
