import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { parseDuration } from "@aloft/kit/duration";
import { readFault } from "./admin-faults.ts";
import { changeGroup, removeGroup } from "./admin-groups.ts";
import { localIam } from "./chain/iam.ts";
import { bearer } from "./chain/identity.ts";
import type { LocalTokens } from "./chain/tokens.ts";
import type { Composition } from "./compose.ts";
import type { LocalCa } from "./doors/ca-store.ts";
import type { Keeping } from "./keeping.ts";
import type { CloudService, Json, JsonObject, Principal } from "./service.ts";
import { readBody } from "./wire/body.ts";
import { parseJson } from "./wire/json-text.ts";
import { responder } from "./wire/respond.ts";
import { RpcError } from "./wire/rpc-error.ts";

/** What the admin API steers. */
export interface AdminCloud {
  readonly version: string;
  readonly startedAt: string;
  readonly adminToken: string;
  readonly services: readonly CloudService[];
  readonly port: () => number;
  /** The cloud as it is now: `reset` replaces it. */
  readonly now: () => Composition;
  readonly who: (email: string | undefined) => Principal;
  readonly ca: () => Promise<LocalCa>;
  readonly keeping: Keeping;
  readonly reset: () => Promise<void>;
}

type Action = (cloud: AdminCloud, body: JsonObject) => Json | Promise<Json>;

const actions: Readonly<Record<string, Action>> = {
  "GET status": status,
  "POST reset": async (cloud) => {
    await cloud.reset();
    return {};
  },
  "GET snapshot": (cloud) => ({ snapshots: cloud.keeping.names() }),
  "POST snapshot": snapshot,
  "POST token": token,
  "GET ca": async (cloud) => {
    const { certificate, files } = await cloud.ca();
    return { certificate, ...(files === undefined ? {} : { files: { ...files } }) };
  },
  "GET clock": clock,
  "POST clock": (cloud, body) => {
    const { advance, rate } = body;
    const ms = advance === undefined ? 0 : typeof advance === "number" ? advance : parseDuration(String(advance));
    const wrong = ms === undefined || !Number.isFinite(ms) || ms < 0 || (advance === undefined && rate === undefined);
    if (wrong) {
      throw new RpcError("INVALID_ARGUMENT", 'The clock moves forward only: {"advance": "36h"} or milliseconds.');
    }
    if (rate !== undefined && !(typeof rate === "number" && rate >= 1 && rate <= fastest)) {
      throw new RpcError("INVALID_ARGUMENT", `"rate" is a number from 1 to ${fastest}.`);
    }
    if (ms > 0) cloud.now().advance(ms);
    if (rate !== undefined) cloud.now().setRate(Number(rate));
    return clock(cloud);
  },
  "GET faults": faults,
  "POST faults": (cloud, body) => ({ ...cloud.now().faults.add(readFault(body)) }),
  "DELETE faults": (cloud, { id }) => {
    const cleared = cloud.now().faults.clear(id === undefined ? undefined : String(id));
    if (id !== undefined && cleared === 0) throw new RpcError("NOT_FOUND", `There is no fault ${id}.`);
    return { cleared };
  },
  "GET groups": groups,
  "POST groups": (cloud, body) => {
    changeGroup(localIam(cloud.now().host.iam).groups, body);
    return groups(cloud);
  },
  "DELETE groups": (cloud, body) => {
    removeGroup(localIam(cloud.now().host.iam).groups, body);
    return groups(cloud);
  },
  "GET projects": projects,
  "POST projects": (cloud, body) => {
    const { id, number } = body;
    if (typeof id !== "string") throw new RpcError("INVALID_ARGUMENT", "A project needs an id.");
    cloud.now().host.projects.ensure(id, number === undefined ? undefined : String(number));
    return projects(cloud);
  },
};

/** The most that the clock may run as fast as the computer's time. */
const fastest = 10_000;

const known = new Set(["status", "reset", "clock", "faults", "groups", "token", "ca", "projects", "snapshot"]);

/** `/_aloft/v1/…`: how `aloft` steers its local cloud, with the admin token of `.aloft/cloud.json`. */
export function createAdmin(
  cloud: AdminCloud,
): (req: IncomingMessage, res: ServerResponse, path: string) => Promise<void> {
  return async (req, res, path) => {
    const given = Buffer.from(bearer(req.headers.authorization) ?? "");
    const right = Buffer.from(cloud.adminToken);
    if (given.length !== right.length || !timingSafeEqual(given, right)) {
      throw new RpcError("UNAUTHENTICATED", "The admin API takes the admin token of .aloft/cloud.json.");
    }
    const name = /^\/_aloft\/v1\/([a-z]+)(?:\?.*)?$/.exec(path)?.[1] ?? "";
    const action = actions[`${req.method} ${name}`];
    if (action === undefined) {
      if (!known.has(name)) throw new RpcError("NOT_FOUND", "Method not found.");
      throw new RpcError("UNIMPLEMENTED", `The local cloud does not implement ${req.method} /_aloft/v1/${name}.`);
    }
    const text = (await readBody(req)).toString();
    const body = text.trim() === "" ? {} : parseJson(text);
    if (typeof body !== "object" || body === null || Array.isArray(body)) {
      throw new RpcError("INVALID_ARGUMENT", "The body is to be a JSON object.");
    }
    responder(req, res).json(200, await action(cloud, body as JsonObject));
  };
}

/** `{"save": NAME}` or `{"restore": NAME}`. */
async function snapshot({ keeping }: AdminCloud, { save, restore }: JsonObject): Promise<Json> {
  const name = save ?? restore;
  if (
    (save === undefined) === (restore === undefined) ||
    typeof name !== "string" ||
    !/^[a-z0-9][\w-]{0,62}$/i.test(name)
  ) {
    throw new RpcError("INVALID_ARGUMENT", 'Either {"save": NAME} or {"restore": NAME}, a name of letters and digits.');
  }
  if (restore === undefined) keeping.save(name);
  else await keeping.restoreNamed(name);
  return { snapshots: keeping.names() };
}

async function status(cloud: AdminCloud): Promise<Json> {
  const { host, notes } = cloud.now();
  const parts = await Promise.all(cloud.services.map((service) => service.status?.(host) ?? {}));
  const isolation = parts.find((part) => part.isolation !== undefined)?.isolation;
  return {
    version: cloud.version,
    pid: process.pid,
    port: cloud.port(),
    startedAt: cloud.startedAt,
    now: new Date(host.clock.now()).toISOString(),
    ...(host.dir === undefined ? {} : { dir: host.dir }),
    iam: host.iam.mode,
    services: cloud.services.map((service) => service.api),
    running: parts.flatMap((part) => (part.running ?? []) as readonly JsonObject[]),
    ...(isolation === undefined ? {} : { isolation: isolation as JsonObject }),
    notes: notes.map((note) => ({ ...note })),
  };
}

function clock(cloud: AdminCloud): Json {
  const { clock } = cloud.now().host;
  return { now: new Date(clock.now()).toISOString(), rate: clock.rate };
}

function faults(cloud: AdminCloud): Json {
  return {
    faults: cloud
      .now()
      .faults.list()
      .map((fault) => ({ ...fault })),
  };
}

function groups(cloud: AdminCloud): Json {
  const all = localIam(cloud.now().host.iam).groups.list();
  return { groups: all.map(({ group, members }) => ({ group, members: [...members] })) };
}

function projects(cloud: AdminCloud): Json {
  return {
    projects: cloud
      .now()
      .host.projects.list()
      .map(({ id, number }) => ({ id, number })),
  };
}

/** The longest that Google gives one for, to service accounts: 12 hours. */
const longestTokenS = 43_200;

async function token(cloud: AdminCloud, body: JsonObject): Promise<Json> {
  const { as, audience, scopes, refresh, lifetimeS } = body;
  const { tokens, clock } = cloud.now().host;
  if ((as !== undefined && typeof as !== "string") || (audience !== undefined && typeof audience !== "string")) {
    throw new RpcError("INVALID_ARGUMENT", '"as" is an e-mail, "audience" a URL.');
  }
  if (lifetimeS !== undefined && !(typeof lifetimeS === "number" && lifetimeS > 0 && lifetimeS <= longestTokenS)) {
    throw new RpcError("INVALID_ARGUMENT", `"lifetimeS" is a number of seconds up to ${longestTokenS}.`);
  }
  const principal = cloud.who(as);
  if (refresh === true) return { token: (tokens as LocalTokens).refresh(principal) };
  if (audience !== undefined) {
    const lifetimeS = 3600;
    const made = await tokens.id({ principal, audience, includeEmail: true, lifetimeS });
    return { token: made, expiresAt: new Date(clock.now() + lifetimeS * 1000).toISOString() };
  }
  const list = Array.isArray(scopes) ? scopes.filter((each): each is string => typeof each === "string") : undefined;
  const made = tokens.access({
    principal,
    ...(list === undefined ? {} : { scopes: list }),
    ...(lifetimeS === undefined ? {} : { lifetimeS }),
  });
  return { token: made.token, expiresAt: new Date(made.expiresAtMs).toISOString() };
}
