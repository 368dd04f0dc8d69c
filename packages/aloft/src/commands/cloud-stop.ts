import { cloudPlace, dirFlag } from "./cloud-place.ts";
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  name: "cloud stop",
  summary: "Stop the local cloud and everything it runs; the state is kept",
  flags: dirFlag,
  examples: ["aloft cloud stop"],
  run: async (ctx) => {
    const { stopCloud } = await import("../local/stop.ts");
    const place = cloudPlace(ctx);
    const stopped = await stopCloud(place, { environ: ctx.environ, note: ctx.ui.note });
    return { data: { ...stopped, address: `http://${place.host}:${place.port}`, dir: place.dir } };
  },
  text: (data: { readonly stopped: boolean; readonly address: string; readonly dir: string }) =>
    data.stopped
      ? `The local cloud at ${data.address} is stopped; its state is kept in ${data.dir}`
      : `No local cloud runs at ${data.address}`,
});
