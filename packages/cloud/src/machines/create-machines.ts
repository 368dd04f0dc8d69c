import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { end } from "../processes.ts";
import type { HttpSurface } from "../service.ts";
import { createFigures } from "./figures.ts";
import { createCollector } from "./images/collector.ts";
import { createImages } from "./images/images.ts";
import type { InstanceParts } from "./instances/instance.ts";
import { type Revision, startRevision } from "./instances/revision.ts";
import { type RevisionLog, revisionLog } from "./logging.ts";
import type { Machines, RevisionSpec, ServedService } from "./machines.ts";
import type { MachinesPorts } from "./ports.ts";
import { createLocalListeners } from "./router/local-listeners.ts";
import { pages, sendPage } from "./router/pages.ts";
import { createRouter, type Entrance } from "./router/router.ts";
import { refuseUpgrade } from "./router/websocket.ts";
import { bubblewrap, tryBubblewrap } from "./sandbox/bubblewrap.ts";
import { createCpuLimits } from "./sandbox/cpu-limit.ts";
import { plain } from "./sandbox/plain.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import { checkTask, runTask } from "./tasks/task.ts";

/** The data plane, with the HTTP surface by which the cloud's doors reach it. */
export interface DataPlane extends Machines {
  /** Answers for `*.run.app`. */
  readonly surface: HttpSurface;
}

/**
 * Makes the data plane. What an earlier one left (after `kill -9`) is ended, and its instances' folders removed, before
 * the first instance starts. `isolation` in `options` asks for less than this machine can do, as tests do.
 */
export function createMachines(
  ports: MachinesPorts,
  options: { readonly isolation?: "plain" | "copy" } = {},
): DataPlane {
  const roots = join(ports.dir, "roots");
  const work = join(ports.dir, "instances");
  const revisions = new Map<string, { readonly revision: Revision; readonly log: RevisionLog }>();
  const services = new Map<string, ServedService>();
  const temporaryName = (): string => ports.ids.short(12);
  const limits = createCpuLimits({
    folder: ports.dir,
    tell: (why) => ports.note("run/cpu", `A container's CPU limit is accepted and not enforced here: ${why}.`),
  });
  let sandbox: Sandbox | undefined;
  let recovered: Promise<void> | undefined;
  let closed = false;

  /** Looked at once, when first asked for: it runs a program. */
  const sandboxHere = (): Sandbox => {
    mkdirSync(work, { recursive: true });
    sandbox ??= limits.around(chooseSandbox(work, temporaryName, options.isolation));
    return sandbox;
  };

  const recover = (): Promise<void> => {
    recovered ??= (async () => {
      for (const owner of ports.processes.owners("machines/")) {
        const left = ports.processes.adopt(owner);
        if (left !== undefined) await end(left, { group: true, graceMs: 2000 });
        ports.processes.forget(owner);
      }
      await limits.clear();
      rmSync(work, { recursive: true, force: true });
      mkdirSync(roots, { recursive: true });
      mkdirSync(work, { recursive: true });
      for (const name of readdirSync(roots)) {
        if (name.startsWith(".making-")) rmSync(join(roots, name), { recursive: true, force: true });
      }
      collector.later();
    })();
    return recovered;
  };

  const images = createImages({ registry: ports.registry, dir: roots, temporaryName });
  const collector = createCollector({
    clock: ports.clock,
    note: ports.note,
    images,
    inUse: () => [...revisions.values()].map(({ revision }) => revision.spec),
  });
  const router = createRouter({
    clock: ports.clock,
    iam: ports.iam,
    tokens: ports.tokens,
    network: ports.network,
    note: ports.note,
    random: ports.random ?? Math.random,
    revision: (name) => revisions.get(name),
  });
  const listeners = createLocalListeners({ ports, router, served: (name) => services.get(name) });

  const begin = (spec: RevisionSpec): Revision => {
    tellWhatIsLocal(ports);
    const figures = createFigures(spec, ports.metrics);
    const log = figures.of(revisionLog(spec, ports.logs));
    const parts: InstanceParts = { ...ports, images, log, sandbox: sandboxHere() };
    const revision = startRevision(spec, parts);
    figures.watch(revision);
    revisions.set(spec.name, { revision, log });
    return revision;
  };

  const tellDemand = (service: ServedService): void => {
    for (const [name, { revision }] of revisions) {
      if (!name.startsWith(`${service.name}/revisions/`)) continue;
      const routes = service.traffic.filter(
        (route) => route.revision === name || route.revision === revision.spec.revision,
      );
      const percent = routes.reduce((sum, route) => sum + route.percent, 0);
      revision.demand({
        routed: routes.length > 0,
        sharedMin: Math.ceil((service.minInstances * percent) / 100),
        manual: service.manual === true,
      });
    }
  };

  const entranceOf = ({ host, path }: { readonly host: string; readonly path: string }): Entrance | undefined => {
    for (const service of services.values()) {
      if (service.hosts.includes(host)) return { service, host, path, proto: "https" };
      const at = host.indexOf("---");
      const tag = host.slice(0, at);
      if (at > 0 && service.hosts.includes(host.slice(at + 3)) && service.traffic.some((route) => route.tag === tag)) {
        return { service, host, path, tag, proto: "https" };
      }
    }
    return undefined;
  };

  return {
    start: async (spec, signal) => {
      await recover();
      if (closed) throw new Error("the machines are closed");
      const known = revisions.get(spec.name)?.revision;
      const failed = known?.state().phase === "failed" && known.state().instances.length === 0;
      if (failed) await known?.stop();
      const revision = known === undefined || failed ? begin(spec) : known;
      const stop = (): void => void revision.stop();
      signal?.addEventListener("abort", stop, { once: true });
      if (signal?.aborted === true) stop();
      await revision.settled;
      signal?.removeEventListener("abort", stop);
      return revision.state();
    },
    stop: async (name) => {
      const found = revisions.get(name);
      if (found === undefined) return;
      await found.revision.stop({ drain: true });
      if (revisions.get(name) === found) revisions.delete(name);
      collector.later();
    },
    state: (name) => revisions.get(name)?.revision.state(),
    serve: (service) => {
      if (service.ingress !== "all") {
        ports.note(
          "run/ingress",
          "Internal ingress: instances of the service's own project reach it here, and no other program of this machine.",
        );
      }
      services.set(service.name, service);
      if (service.listens !== false) listeners.open(service.name);
      tellDemand(service);
    },
    runTask: async (spec, signal, started) => {
      await recover();
      if (closed) throw new Error("the machines are closed");
      tellWhatIsLocal(ports);
      return collector.using(spec, () => runTask(spec, { ...ports, images, sandbox: sandboxHere() }, signal, started));
    },
    checkTask: async (spec) => {
      await recover();
      return checkTask(spec, { images, secrets: ports.secrets });
    },
    recover,
    unserve: async (name) => {
      services.delete(name);
      await listeners.close(name);
    },
    localUrl: (name) => listeners.url(name),
    get isolation() {
      const { kind, why } = sandboxHere();
      return { kind, ...(why === undefined ? {} : { why }) };
    },
    close: async () => {
      closed = true;
      collector.close();
      services.clear();
      await recovered;
      await Promise.all([listeners.closeAll(), ...[...revisions.values()].map(({ revision }) => revision.stop())]);
      revisions.clear();
      await limits.clear();
    },
    surface: {
      serves: (hostname) => hostname.endsWith(".run.app"),
      handle: async (req, res, place) => {
        const at = entranceOf(place);
        if (at === undefined) sendPage(res, pages.notFound());
        else await router.handle(req, res, at);
      },
      upgrade: (req, socket, head, place) => {
        const at = entranceOf(place);
        if (at === undefined) refuseUpgrade(socket, pages.notFound());
        else void router.upgrade(req, socket, head, at);
      },
    },
  };
}

function chooseSandbox(dir: string, temporaryName: () => string, wanted: "plain" | "copy" | undefined): Sandbox {
  if (wanted === "plain") return plain({ dir, why: "asked for", temporaryName });
  const tried = tryBubblewrap(dir);
  if ("layering" in tried) {
    const asked =
      wanted === "copy" ? { layering: wanted, why: "asked for" } : { layering: tried.layering, why: tried.why };
    return bubblewrap({ dir, temporaryName, ...asked });
  }
  return plain({ dir, why: tried.why, temporaryName });
}

/** What is accepted and means nothing on one machine. */
function tellWhatIsLocal(ports: Pick<MachinesPorts, "note">): void {
  ports.note(
    "run/network",
    "Instances share this machine's network: each gets a PORT of its own instead of the container's port, and reaches everything but what only VPC egress leads to.",
  );
}
