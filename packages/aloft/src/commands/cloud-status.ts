import type { CloudStatus } from "../local/admin.ts";
import { adminAt } from "../local/admin.ts";
import { cloudPlace, dirFlag } from "./cloud-place.ts";
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  name: "cloud status",
  summary: "Show where the local cloud is and what it runs",
  about: "Exit code 1 when none answers.",
  flags: dirFlag,
  examples: ["aloft cloud status", "aloft cloud status --json"],
  run: async (ctx) => {
    const place = cloudPlace(ctx);
    const admin = adminAt(place, ctx.signal);
    return { data: { address: admin.address, ...(await admin.status()) } };
  },
  text: (data: CloudStatus & { readonly address: string }, paint) => {
    const running = data.running.flatMap((one) => [
      `  ${paint.bold(placed(one.service))}   ${one.ready ? "ready" : paint.red("not ready")}, ${instances(one.instances)}`,
      ...[one.localUrl, one.url].filter((url) => url !== undefined).map((url) => `    ${paint.cyan(url)}`),
    ]);
    const notes = (data.notes ?? []).map((note) => `  ${said(note)}`);
    return [
      `The local cloud runs at ${paint.cyan(data.address)}   (version ${data.version}, process ${data.pid}, since ${data.startedAt})`,
      ...(data.dir === undefined ? [] : [`  state      ${data.dir}`]),
      `  iam        ${data.iam}`,
      ...(data.isolation === undefined ? [] : [`  isolation  ${said(data.isolation)}`]),
      `  APIs       ${data.services.map((api) => api.replace(".googleapis.com", "")).join(", ")}`,
      ...(running.length === 0 ? ["No service runs."] : ["Running:", ...running]),
      ...(notes.length === 0 ? [] : ["Good to know:", ...notes]),
    ].join("\n");
  },
});

/** `projects/p/locations/r/services/s` → `p/s` */
function placed(service: string): string {
  const [, project, , , , id] = service.split("/");
  return `${project}/${id}`;
}

const instances = (count: number): string => `${count} ${count === 1 ? "instance" : "instances"}`;

/** A note is a text, or a topic with one. */
function said(note: unknown): string {
  if (typeof note !== "object" || note === null) return String(note);
  return Object.values(note)
    .filter((part) => typeof part === "string")
    .join(": ");
}
