import type { Command } from "./command.ts";

/** Every command, by name; its module is loaded when it is used. To add one: copy `version.ts`, add its line here. */
export const commands: Readonly<Record<string, () => Promise<{ readonly command: Command }>>> = {
  plan: () => import("./plan.ts"),
  up: () => import("./up.ts"),
  down: () => import("./down.ts"),
  status: () => import("./status.ts"),
  logs: () => import("./logs.ts"),
  open: () => import("./open.ts"),
  "secrets set": () => import("./secrets-set.ts"),
  "secrets list": () => import("./secrets-list.ts"),
  "secrets get": () => import("./secrets-get.ts"),
  "secrets import": () => import("./secrets-import.ts"),
  doctor: () => import("./doctor.ts"),
  "cloud start": () => import("./cloud-start.ts"),
  "cloud stop": () => import("./cloud-stop.ts"),
  "cloud status": () => import("./cloud-status.ts"),
  "cloud reset": () => import("./cloud-reset.ts"),
  "cloud clock": () => import("./cloud-clock.ts"),
  "cloud faults": () => import("./cloud-faults.ts"),
  "cloud groups": () => import("./cloud-groups.ts"),
  "cloud snapshot": () => import("./cloud-snapshot.ts"),
  "cloud token": () => import("./cloud-token.ts"),
  "cloud env": () => import("./cloud-env.ts"),
  exec: () => import("./exec.ts"),
  help: () => import("./help.ts"),
  version: () => import("./version.ts"),
};

/** Other words for a command. */
export const aliases: Readonly<Record<string, string>> = { "secrets update": "secrets set" };

export async function loadCommand(name: string): Promise<Command | undefined> {
  return (await commands[name]?.())?.command;
}
