import { createServer, type IncomingMessage, type Server } from "node:http";
import type { ServedService } from "../machines.ts";
import type { MachinesPorts } from "../ports.ts";
import { pages, sendPage } from "./pages.ts";
import type { Entrance, Router } from "./router.ts";
import { refuseUpgrade } from "./websocket.ts";

const firstPort = 4520;
const portCount = 480;

/** Each served service's own port on 127.0.0.1, for people: plain HTTP, the same port after a restart. */
export interface LocalListeners {
  /** Opens the service's port if it has none yet. */
  open(service: string): void;
  url(service: string): string | undefined;
  close(service: string): Promise<void>;
  closeAll(): Promise<void>;
}

/** `served` looks a service up at each request, so that what is served can change under an open port. */
export function createLocalListeners(options: {
  readonly ports: Pick<MachinesPorts, "localPorts" | "note">;
  readonly router: Router;
  readonly served: (name: string) => ServedService | undefined;
}): LocalListeners {
  const { ports, router, served } = options;
  const servers = new Map<string, { readonly server: Server; port: number | undefined }>();

  const serverFor = (name: string): Server => {
    const server = createServer((req, res) => {
      const service = served(name);
      if (service === undefined || !welcome(req.headers.host, service)) return sendPage(res, pages.notFound());
      void router.handle(req, res, entrance(service, req));
    });
    server.on("upgrade", (req, socket, head) => {
      const service = served(name);
      if (service === undefined || !welcome(req.headers.host, service)) return refuseUpgrade(socket, pages.notFound());
      void router.upgrade(req, socket, head, entrance(service, req));
    });
    server.requestTimeout = 0;
    return server;
  };

  const open = (name: string): void => {
    if (servers.has(name)) return;
    const server = serverFor(name);
    const entry: { server: Server; port: number | undefined } = { server, port: undefined };
    servers.set(name, entry);
    const kept = ports.localPorts.get(name);
    const start = hash(name) % portCount;
    const candidates = [
      ...(kept === undefined ? [] : [kept]),
      ...Array.from({ length: portCount }, (_, at) => firstPort + ((start + at) % portCount)),
    ];
    const next = (): void => {
      const port = candidates.shift();
      if (port === undefined) {
        ports.note("run/ports", `No free port for ${name} between ${firstPort} and ${firstPort + portCount - 1}.`);
        return;
      }
      server.once("error", next);
      server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
        server.off("error", next);
        server.on("error", () => undefined);
        entry.port = port;
        if (port === kept) return;
        if (kept !== undefined)
          ports.note("run/ports", `Port ${kept} of ${name} is taken by another program: it has ${port} now.`);
        ports.localPorts.set(name, port);
      });
    };
    next();
  };

  const shut = async (name: string): Promise<void> => {
    const entry = servers.get(name);
    servers.delete(name);
    if (entry === undefined) return;
    await new Promise<void>((resolve) => {
      entry.server.close(() => resolve());
      entry.server.closeAllConnections();
    });
  };

  return {
    open,
    url: (name) => {
      const port = servers.get(name)?.port;
      return port === undefined ? undefined : `http://127.0.0.1:${port}`;
    },
    close: async (name) => {
      await shut(name);
      ports.localPorts.remove(name);
    },
    closeAll: async () => {
      await Promise.all([...servers.keys()].map(shut));
    },
  };
}

function entrance(service: ServedService, { headers, url }: IncomingMessage): Entrance {
  return { service, proto: "http", host: headers.host ?? "", path: url ?? "/" };
}

/** Whether the `Host` is this machine's or the service's: a page of a foreign name that resolves here gets nothing. */
function welcome(host: string | undefined, service: ServedService): boolean {
  const name = (host ?? "").toLowerCase().replace(/:\d+$/, "");
  return name === "127.0.0.1" || name === "localhost" || name === "[::1]" || service.hosts.includes(name);
}

function hash(text: string): number {
  let value = 0;
  for (const char of text) value = (value * 31 + char.charCodeAt(0)) % 1_000_003;
  return value;
}
