import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { missingEgress } from "./network.ts";
import { serviceName, until, type World, world } from "./testing/world.ts";

let w: World;
let door: Server;
let port: number;
beforeAll(async () => {
  w = await world();
  door = createServer((socket) => {
    socket.on("error", () => undefined);
    void w.ports.network.ownerOf(socket).then((peer) => socket.end(peer?.spec.revision ?? "nobody"));
  });
  door.listen(0, "::");
  await once(door, "listening");
  port = (door.address() as AddressInfo).port;
  for (const name of ["one", "two"]) await w.machines.start(w.spec(name, { cpuIdle: name === "two" }));
});
afterAll(async () => {
  door.close();
  await w[Symbol.asyncDispose]();
});

async function through(revision: string, path: string): Promise<string> {
  w.machines.serve(w.served([{ revision: w.spec(revision).name, percent: 100 }]));
  const url = await until(() => w.machines.localUrl(serviceName));
  return (await fetch(`${url}${path}`)).text();
}

const own = async (host: string): Promise<string> => {
  const socket: Socket = connect(port, host);
  const [text] = (await once(socket, "data")) as [Buffer];
  return text.toString();
};

test("network: a connection is its instance's, also from a process that it started and on an IPv6 socket", async () => {
  expect(await through("one", `/ping?host=127.77.0.1&port=${port}`)).toBe("one");
  expect(await through("two", `/ping?host=127.0.0.1&port=${port}`)).toBe("two");
  expect(await through("two", `/ping?host=::ffff:127.0.0.1&port=${port}`)).toBe("two");
  const code = `require("net").connect(${port},"127.0.0.1").pipe(process.stdout)`;
  expect(await through("one", `/shell?code=${encodeURIComponent(code)}`)).toBe("one");
});

test("network: what is no instance is nobody's, many at once and after an instance has gone", async () => {
  expect(await Promise.all(Array.from({ length: 20 }, () => own("127.0.0.1")))).toEqual(Array(20).fill("nobody"));
  const spec = w.spec("three");
  await w.machines.start(spec);
  expect(await through("three", `/ping?host=127.0.0.1&port=${port}`)).toBe("three");
  await w.machines.stop(spec.name);
  expect(await own("127.0.0.1")).toBe("nobody");
});

test("network: a revision reaches a private place by egress to its network, from its region", () => {
  const to = { network: "projects/demo/global/networks/default", region: "us-central1" };
  expect(missingEgress({ vpcNetwork: to.network, region: to.region }, to)).toBeUndefined();
  expect(missingEgress({ region: to.region }, to)).toContain("no VPC egress");
  expect(missingEgress({ vpcNetwork: "projects/other/global/networks/default", region: to.region }, to)).toContain(
    "egress goes to projects/other/global/networks/default",
  );
  expect(missingEgress({ vpcNetwork: to.network, region: "europe-west1" }, to)).toContain("runs in europe-west1");
});
