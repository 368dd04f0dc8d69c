import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RpcError } from "../../wire/rpc-error.ts";
import type { ContainerSpec, Machines } from "../machines.ts";
import { nodeLayer } from "../testing/registry.ts";
import { advanceUntil, until, type World, world } from "../testing/world.ts";

let w: World;
beforeAll(async () => {
  w = await world({
    secrets: async (name, as) => {
      if (name.includes("/forbidden/")) throw new RpcError("PERMISSION_DENIED", `no access for ${as.email}`);
      return Buffer.from(`value of ${name}`);
    },
  });
});
afterAll(() => w[Symbol.asyncDispose]());

const get = async (m: Machines, path: string): Promise<Response> => {
  const url = await until(() => m.localUrl("projects/demo/locations/us-central1/services/api"));
  return fetch(`${url}${path}`);
};

describe("starting a revision", () => {
  test("it starts from its image, answers, and sees the environment that Cloud Run promises", async () => {
    const spec = w.spec("api-1", {
      env: [
        { name: "PLAIN", value: "p" },
        { name: "FACE", value: "own" },
        { name: "TOKEN", secret: "token", version: "3" },
      ],
    });
    const state = await w.machines.start(spec);
    expect(state.failure?.message).toBeUndefined();
    expect(state.phase).toBe("ready");
    expect(state.instances).toMatchObject([{ phase: "running", requests: 0 }]);
    w.machines.serve(w.served([{ revision: spec.name, percent: 100 }]));
    const seen = (await (await get(w.machines, "/env")).json()) as Record<string, unknown>;
    expect(seen).toMatchObject({
      K_SERVICE: "api",
      K_REVISION: "api-1",
      K_CONFIGURATION: "api",
      PLAIN: "p",
      FACE: "own",
      FROM_IMAGE: "yes",
      TOKEN: "value of projects/demo/secrets/token/versions/3",
      uid: 0,
      HOME: "/root",
    });
    expect(seen.PORT).not.toBe("8080");
    expect(seen.GCE_METADATA_HOST).toMatch(/^127\.0\.0\.1:\d+$/);
    for (const name of ["USER", "VITEST", "NODE_ENV"]) expect(seen).not.toHaveProperty(name);
    if (w.machines.isolation.kind === "bubblewrap") expect(seen.cwd).toBe("/app");
  });

  test("starting it again answers its state and starts nothing", async () => {
    const spec = w.spec("twice");
    const [first, second] = await Promise.all([w.machines.start(spec), w.machines.start(spec)]);
    expect(second).toEqual(first);
    expect((await w.machines.start(spec)).instances).toHaveLength(1);
    await w.machines.stop(spec.name);
    expect(w.machines.state(spec.name)).toBeUndefined();
  });

  test("a program that exits at once: the exit code and what it said last, without the secret's value", async () => {
    const crash = { name: "CRASH", value: "no database" };
    const state = await w.machines.start(
      w.spec("exits", { env: [crash, { name: "TOKEN", secret: "canary", version: "1" }] }),
    );
    expect(state).toMatchObject({ phase: "failed", instances: [], failure: { reason: "HealthCheckContainerError" } });
    expect(state.failure?.message).toContain(
      "listen on the port defined provided by the PORT=8080 environment variable",
    );
    expect(state.failure?.message).toContain("Container called exit(3).");
    expect(state.failure?.message).toContain("cannot start: no database ***");
    expect(state.failure?.message).not.toContain("value of");
  });

  test.each([
    ["never listens", "LISTEN_PORT", "none", "was given PORT="],
    ["listens on another port", "LISTEN_PORT", "9931", "listens on port 9931 instead"],
    ["listens on 127.0.0.1 only", "LISTEN_HOST", "127.0.0.1", "listens on 127.0.0.1 only"],
  ])("a program that %s is not ready when the probe's time is over", async (_, name, value, told) => {
    const starting = w.machines.start(w.spec(`silent-${value}`, { env: [{ name, value }] }));
    await until(() =>
      w.logs.some(
        ({ textPayload, resource }) =>
          textPayload === (value === "none" ? "plain line" : "listening") &&
          resource.labels.revision_name === `silent-${value}`,
      ),
    );
    expect(w.machines.state(w.spec(`silent-${value}`).name)?.phase).toBe("starting");
    const state = await advanceUntil(w.clock, 240_000, starting);
    expect(state.failure?.message).toMatch(/^The user-provided container failed to start and listen on the port/);
    expect(state.failure?.message).toContain(told);
    expect(state.instances).toEqual([]);
  });

  test("an HTTP probe that is answered badly names the answer", async () => {
    const probe = {
      kind: "http",
      port: 8080,
      path: "/exit",
      initialDelayS: 0,
      timeoutS: 1,
      periodS: 1,
      failureThreshold: 2,
    } as const;
    const health = await w.machines.start(w.spec("healthy", { startupProbe: { ...probe, path: "/health" } }));
    expect(health.phase).toBe("ready");
    const starting = w.machines.start(
      w.spec("unhealthy", {
        startupProbe: { ...probe, path: "/health" },
        command: ["node", "-e", "fs.writeFileSync('/tmp/sick', ''); require('/app/server.cjs')"],
      }),
    );
    await until(() =>
      w.logs.some(
        ({ textPayload, resource }) =>
          textPayload === "asked while sick" && resource.labels.revision_name === "unhealthy",
      ),
    );
    const { failure } = await advanceUntil(w.clock, 2000, starting);
    expect(failure?.message).toContain("The probe of /health was answered by HTTP 503");
  });

  test("a secret that its identity may not read: Cloud Run's words, nothing started", async () => {
    const state = await w.machines.start(
      w.spec("denied", { env: [{ name: "TOKEN", secret: "forbidden", version: "2" }] }),
    );
    expect(state.failure).toEqual({
      reason: "SecretsAccessCheckFailed",
      message:
        "Permission denied on secret: projects/123456789012/secrets/forbidden/versions/2 for Revision service account api@demo.iam.gserviceaccount.com. The service account used must be granted the 'Secret Manager Secret Accessor' role (roles/secretmanager.secretAccessor) at the secret, project or higher level.",
    });
  });

  test("secrets are in no process's arguments and in no folder of the machines", async () => {
    const spec = w.spec("quiet", { env: [{ name: "TOKEN", secret: "canary-in-argv", version: "1" }] });
    const { instances } = await w.machines.start(spec);
    const pid = instances[0]?.pid as number;
    for (const holder of [pid, ...ancestors(pid)]) {
      expect(readFileSync(`/proc/${holder}/cmdline`, "latin1")).not.toContain("canary-in-argv");
    }
    expect(readFileSync(`/proc/${pid}/environ`, "latin1")).toContain("canary-in-argv");
    expect(() => execFileSync("grep", ["-rl", "value of projects", w.ports.dir], { stdio: "pipe" })).toThrow();
  });

  test("an image of another platform, a missing image and a missing program are told apart", async () => {
    const { layer } = await nodeLayer();
    const arm = w.registry.image([layer], { Entrypoint: ["node"] }, { architecture: "arm64" });
    const failureOf = async (name: string, container: Partial<ContainerSpec>) =>
      (await w.machines.start(w.spec(name, container))).failure;
    expect(await failureOf("arm", { image: arm })).toEqual({
      reason: "ImageInvalid",
      message: `Cloud Run does not support image '${arm}': Container manifest type 'application/vnd.oci.image.config.v1+json' must support amd64/linux.`,
    });
    expect(await failureOf("none", { image: "x/y@sha256:00" })).toMatchObject({ reason: "ContainerMissing" });
    expect(await failureOf("noprog", { command: ["nodejs"] })).toMatchObject({
      message: expect.stringContaining('error finding executable "nodejs" in PATH'),
    });
  });

  test("a container starts after those that it depends on, and shares their network", async () => {
    const sidecar = {
      ...(w.spec("x").containers[0] as ContainerSpec),
      name: "side",
      port: undefined,
      env: [{ name: "LISTEN_PORT", value: "9932" }],
    };
    const probe = {
      kind: "http",
      port: 9932,
      path: "/health",
      initialDelayS: 0,
      timeoutS: 1,
      periodS: 10,
      failureThreshold: 3,
    } as const;
    const main = w.spec("x", {
      command: ["node", "-e", "fetch('http://localhost:9932/health').then(() => require('/app/server.cjs'))"],
      dependsOn: ["side"],
    });
    const { port: _, ...side } = { ...sidecar, startupProbe: probe };
    const state = await w.machines.start({ ...main, name: `${main.name}-two`, containers: [...main.containers, side] });
    expect(state.failure?.message).toBeUndefined();
    expect(state.phase).toBe("ready");
  });

  test("each instance has the image's disk anew, and may write to it", async () => {
    const spec = w.spec("disk");
    await w.machines.start(spec);
    w.machines.serve(w.served([{ revision: spec.name, percent: 100 }]));
    const write = async (path: string): Promise<string> => (await get(w.machines, `/write?path=${path}`)).text();
    for (const path of ["/tmp/a", "/var/log/a", "/app/a", "/app/server.cjs"]) {
      expect([path, await write(path)]).toEqual([path, String(path === "/app/server.cjs")]);
      expect(await write(path)).toBe("true");
    }
    await w.machines.stop(spec.name);
    const again = await w.machines.start(spec);
    expect(again.failure?.message).toBeUndefined();
    expect(await write("/app/a")).toBe("false");
  });
});

function ancestors(pid: number): readonly number[] {
  const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]);
  return parent <= 1 || parent === process.pid ? [] : [parent, ...ancestors(parent)];
}
