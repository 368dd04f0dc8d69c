import type { ProgramEnv } from "../local/program-env.ts";
import { defineCommand } from "./command.ts";
import { openCloud, programFlags, programOptions } from "./exec-cloud.ts";

export const command = defineCommand({
  name: "cloud env",
  summary: "Print the variables of aloft exec, for a shell",
  about: "The access token for gcloud lasts 12 hours; libraries renew theirs by themselves.",
  flags: programFlags,
  examples: ['eval "$(aloft cloud env)"', "aloft cloud env --project demo-app --json"],
  run: async (ctx) => {
    const { programEnv } = await import("../local/program-env.ts");
    const [cloud, options] = await Promise.all([openCloud(ctx), programOptions(ctx)]);
    return { data: new Variables(await programEnv(cloud, options)) };
  },
  text: (data: Variables) => data.lines(),
});

/** In JSON: `{ "set": { NAME: value }, "unset": [NAME] }`. */
class Variables {
  readonly #env: ProgramEnv;

  constructor(env: ProgramEnv) {
    this.#env = env;
  }

  toJSON(): object {
    const entries = Object.entries(this.#env);
    return {
      set: Object.fromEntries(entries.filter(([, value]) => value !== undefined)),
      unset: entries.filter(([, value]) => value === undefined).map(([name]) => name),
    };
  }

  lines(): string {
    return Object.entries(this.#env)
      .map(([name, value]) => (value === undefined ? `unset ${name}` : `export ${name}=${quoted(value)}`))
      .join("\n");
  }
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
