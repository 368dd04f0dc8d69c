import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type Lease, NoInstance, type Revision } from "../instances/revision.ts";
import type { RequestLog, RevisionLog } from "../logging.ts";
import type { ServedService } from "../machines.ts";
import { programTime } from "../pace.ts";
import type { MachinesPorts } from "../ports.ts";
import { words } from "../words.ts";
import { affinityOf, cookieFor } from "./affinity.ts";
import { BodyTooLarge, type Counts, exchangeHttp1, exchangeHttp2, maxBodyBytes } from "./exchange.ts";
import { forwardedHeaders, remoteIpOf, traceOf } from "./forwarding.ts";
import { createIngress } from "./ingress.ts";
import { admit } from "./invoker.ts";
import { type Page, pages, sendPage } from "./pages.ts";
import { exchangeUpgrade, refuseUpgrade } from "./websocket.ts";

/** Where a request came in. */
export interface Entrance {
  readonly service: ServedService;
  readonly tag?: string | undefined;
  /** What the program sees as the scheme. */
  readonly proto: "http" | "https";
  readonly host: string;
  /** Path and query at that host, as the program sees them: what the request line says may hold more. */
  readonly path: string;
}

/** Takes requests for services to their revisions' instances, as Cloud Run's front end does. Never rejects. */
export interface Router {
  handle(req: IncomingMessage, res: ServerResponse, at: Entrance): Promise<void>;
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, at: Entrance): Promise<void>;
}

export interface RouterParts extends Pick<MachinesPorts, "clock" | "iam" | "tokens" | "network" | "note"> {
  readonly random: () => number;
  readonly revision: (name: string) => { readonly revision: Revision; readonly log: RevisionLog } | undefined;
}

class TimeIsOver extends Error {}

export function createRouter(parts: RouterParts): Router {
  const { clock } = parts;
  const ingress = createIngress(parts.network);

  /** Everything up to a place in an instance: who may come in, which revision, room in it. */
  const enter = async (req: IncomingMessage, at: Entrance, gone: AbortController) => {
    if (!(await ingress.lets(req, at.service))) return { page: pages.notFound() };
    const admission = await admit({
      service: at.service,
      headers: req.headers,
      url: at.path,
      iam: parts.iam,
      tokens: parts.tokens,
    });
    if ("page" in admission) return { page: admission.page };
    const name = choose(at.service, at.tag, parts.random);
    const found = name === undefined ? undefined : parts.revision(name);
    if (found === undefined) return { page: pages.unavailable() };
    const { revision } = found;
    const cancel = programTime(clock).after(revision.spec.timeoutS * 1000, () => gone.abort(new TimeIsOver()));
    const trace = traceOf(req.headers);
    const headers = (keepUpgrade: boolean) =>
      forwardedHeaders({
        headers: admission.headers,
        host: at.host,
        remoteIp: remoteIpOf(req),
        proto: at.proto,
        trace,
        keepUpgrade,
      });
    return { ...found, cancel, trace, headers };
  };

  /** A fault of ours: said, and answered as Google's front end answers one of its own. */
  const bug = (thrown: unknown): { readonly page: Page } => {
    parts.note("run/router", `A request could not be handled: ${(thrown as Error).stack ?? thrown}`);
    return { page: pages.serverError() };
  };

  const record = (options: {
    readonly req: IncomingMessage;
    readonly at: Entrance;
    readonly trace: { readonly trace: string; readonly spanId: string };
    readonly since: number;
    readonly status: number;
    readonly counts: Counts;
    readonly instance: string | undefined;
    readonly text: string | undefined;
  }): RequestLog => ({
    method: options.req.method ?? "GET",
    url: `${options.at.proto}://${options.at.host}${options.at.path}`,
    status: options.status,
    requestBytes: options.counts.requestBytes,
    responseBytes: options.counts.responseBytes,
    latencyMs: clock.now() - options.since,
    userAgent: options.req.headers["user-agent"],
    referer: options.req.headers.referer,
    remoteIp: remoteIpOf(options.req),
    protocol: `HTTP/${options.req.httpVersion}`,
    ...options.trace,
    instance: options.instance,
    text: options.text,
  });

  return {
    handle: async (req, res, at) => {
      if (req.httpVersionMajor < 2 && Number(req.headers["content-length"] ?? 0) > maxBodyBytes) {
        return sendPage(res, pages.tooLarge());
      }
      const since = clock.now();
      const gone = new AbortController();
      res.once("close", () => gone.abort(new Error("the caller went away")));
      const inside = await enter(req, at, gone).catch(bug);
      if ("page" in inside) return sendPage(res, inside.page as Page);
      const { revision, log, trace } = inside;
      const counts: Counts = { requestBytes: 0, responseBytes: 0 };
      let lease: Lease | undefined;
      let text: string | undefined;
      try {
        const session = revision.spec.sessionAffinity ? affinityOf(req.headers) : undefined;
        lease = await revision.acquire(gone.signal, session);
        const h2c = revision.spec.containers.some((container) => container.port?.name === "h2c");
        const exchange = h2c ? exchangeHttp2 : exchangeHttp1;
        await exchange(
          {
            req,
            res,
            path: at.path,
            instance: lease.instance,
            headers: inside.headers(false),
            cookie: cookieFor(revision.spec, lease.instance, session, clock),
            signal: gone.signal,
          },
          counts,
        );
      } catch (thrown) {
        const { page, why } = pageOf(thrown);
        text = why;
        sendPage(res, page);
      } finally {
        inside.cancel();
        lease?.release();
        const status = res.headersSent ? res.statusCode : 499;
        log.request(record({ req, at, trace, since, status, counts, instance: lease?.instance.id, text }));
      }
    },

    upgrade: async (req, socket, head, at) => {
      const since = clock.now();
      const gone = new AbortController();
      socket.once("close", () => gone.abort(new Error("the caller went away")));
      const inside = await enter(req, at, gone).catch(bug);
      if ("page" in inside) return refuseUpgrade(socket, inside.page as Page);
      const { revision, log, trace } = inside;
      let lease: Lease | undefined;
      let text: string | undefined;
      let status = 503;
      try {
        lease = await revision.acquire(gone.signal, affinityOf(req.headers));
        const { instance } = lease;
        status = await exchangeUpgrade({
          req,
          socket,
          head,
          path: at.path,
          instance,
          headers: inside.headers(true),
          signal: gone.signal,
        });
      } catch (thrown) {
        const { page, why } = pageOf(thrown);
        [status, text] = [page.status, why];
        if (!socket.destroyed) refuseUpgrade(socket, page);
      } finally {
        inside.cancel();
        lease?.release();
        const counts = { requestBytes: 0, responseBytes: 0 };
        log.request(record({ req, at, trace, since, status, counts, instance: lease?.instance.id, text }));
      }
    },
  };
}

/** The revision for a request: the tag's, else by percent. Undefined when nothing leads anywhere. */
export function choose(service: ServedService, tag: string | undefined, random: () => number): string | undefined {
  const full = (revision: string): string =>
    revision.includes("/") ? revision : `${service.name}/revisions/${revision}`;
  if (tag !== undefined) {
    const route = service.traffic.find((each) => each.tag === tag);
    return route === undefined ? undefined : full(route.revision);
  }
  const total = service.traffic.reduce((sum, { percent }) => sum + percent, 0);
  let at = random() * total;
  for (const { revision, percent } of service.traffic) {
    if (percent > 0 && at < percent) return full(revision);
    at -= percent;
  }
  return undefined;
}

function pageOf(thrown: unknown): { readonly page: Page; readonly why: string } {
  if (thrown instanceof TimeIsOver) return { page: pages.timeout(), why: words.requestTimeout };
  if (thrown instanceof BodyTooLarge) return { page: pages.tooLarge(), why: "The request body is over 32 MiB." };
  if (thrown instanceof NoInstance) {
    return { page: thrown.status === 429 ? pages.rateExceeded() : pages.unavailable(), why: thrown.message };
  }
  return { page: pages.unavailable(), why: words.brokenResponse };
}
