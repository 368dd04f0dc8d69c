import { adminAt } from "../local/admin.ts";
import { checkEmail } from "../local/email.ts";
import { cloudPlace, dirFlag } from "./cloud-place.ts";
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  name: "cloud token",
  summary: "Print a bearer token (or an ID token) of the local cloud, for curl",
  flags: {
    ...dirFlag,
    as: { type: "string", value: "EMAIL", what: "a service account (default: you@local.aloft, the owner)" },
    audience: { type: "string", value: "URL", what: "an ID token for this audience, to call a private service" },
  },
  examples: [
    'curl -H "authorization: Bearer $(aloft cloud token)" http://127.0.0.1:4510/run.googleapis.com/v2/projects/demo/locations/us-central1/services',
    "aloft cloud token --audience https://demo-worker-123456789012.us-central1.run.app",
  ],
  run: async (ctx) => {
    const { as, audience } = ctx.flags;
    checkEmail(as, "aloft cloud token --as EMAIL");
    const request = { ...(as === undefined ? {} : { as }), ...(audience === undefined ? {} : { audience }) };
    return { data: await adminAt(cloudPlace(ctx), ctx.signal).token(request) };
  },
  text: (data: { readonly token: string }) => data.token,
});
