import { connect } from "node:http2";
import type { Bench } from "./bench.ts";
import { cloudProcess, residentMiB } from "./processes.ts";
import { createSecret } from "./secret-messages.ts";

const secrets = 100_000;
const lanes = 64;

export const bench: Bench = {
  name: "many-secrets",
  what: `${secrets} secrets listed in pages of 100, from the first to the last`,
  peer: "nothing: the goal is a page in less than 50 ms",
  async run() {
    await using cloud = await cloudProcess();
    const authorization = `Bearer ${await cloud.token()}`;
    const api = `${cloud.url}/secretmanager.googleapis.com/v1/projects/bench/secrets`;
    await fetch(
      `${cloud.url}/serviceusage.googleapis.com/v1/projects/bench/services/secretmanager.googleapis.com:enable`,
      { method: "POST", headers: { authorization } },
    );
    const began = performance.now();
    await fill(cloud.port, authorization);
    const perSecond = secrets / ((performance.now() - began) / 1000);

    const before = residentMiB(cloud.pid);
    const times: number[] = [];
    const names = new Set<string>();
    let pageToken = "";
    do {
      const at = performance.now();
      const answer = await fetch(`${api}?pageSize=100&pageToken=${pageToken}`, { headers: { authorization } });
      type Page = { secrets: { name: string }[]; nextPageToken?: string; totalSize: number };
      const page = (await answer.json()) as Page;
      times.push(performance.now() - at);
      if (page.totalSize !== secrets) throw new Error(`totalSize ${page.totalSize}`);
      for (const { name } of page.secrets) names.add(name);
      pageToken = page.nextPageToken ?? "";
    } while (pageToken !== "");
    if (names.size !== secrets) throw new Error(`${names.size} secrets were listed`);
    const after = residentMiB(cloud.pid);
    const sorted = times.toSorted((a, b) => a - b);
    const quantile = (part: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
    return [
      { label: "made, 64 at once", unit: "per second", ours: perSecond },
      { label: "a page, p50", unit: "ms", ours: quantile(0.5) },
      { label: "a page, p99", unit: "ms", ours: quantile(0.99) },
      { label: "the slowest page", unit: "ms", ours: quantile(1) },
      { label: "memory before listing", unit: "MiB", ours: before },
      { label: "memory after listing", unit: "MiB", ours: after },
    ];
  },
};

async function fill(port: number, authorization: string): Promise<void> {
  const session = connect(`http://127.0.0.1:${port}`);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < secrets) {
      const { path, body } = createSecret("projects/bench", `secret-${next++}`);
      await new Promise<void>((resolve, reject) => {
        const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
        const stream = session.request({ ...headers, authorization });
        stream.on("data", () => {});
        stream.on("trailers", (each) => {
          if (String(each["grpc-status"]) !== "0") reject(new Error(`grpc-status ${each["grpc-status"]}`));
        });
        stream.on("error", reject);
        stream.on("close", resolve);
        stream.end(body);
      });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  session.close();
}
