import { UserRefreshClient } from "google-auth-library";
import { expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import type { LocalTokens } from "../../chain/tokens.ts";
import { startCloud } from "../../cloud.ts";

test("a person's application default credentials: Google's library is refused until it names the project that pays", async () => {
  await using cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "secretmanager.googleapis.com", true);
  const refreshToken = (cloud.host.tokens as LocalTokens).refresh({ kind: "user", email: "you@local.aloft" });
  const tokenOf = async (clientId: string): Promise<string> => {
    const client = new UserRefreshClient({
      clientId,
      clientSecret: "not-one",
      refreshToken,
      endpoints: { oauth2TokenUrl: `${cloud.url}/oauth2.googleapis.com/token` },
    });
    return (await client.getAccessToken()).token ?? "";
  };
  const rest = restOf(() => cloud);
  const secrets = "secretmanager.googleapis.com/v1/projects/demo/secrets";
  const bearer = await tokenOf("764086051850-6qr4p6gpi6hn506pt8ejuq83di341hur.apps.googleusercontent.com");
  const refused = await rest("GET", secrets, { bearer });
  expect([refused.status, refused.body.error?.message]).toEqual([
    403,
    "Your application is authenticating by using local Application Default Credentials. The secretmanager.googleapis.com API requires a quota project, which is not set by default. To learn how to set your quota project, see https://cloud.google.com/docs/authentication/adc-troubleshooting/user-creds .",
  ]);
  expect(refused.body.error?.details?.[0]).toMatchObject({ reason: "SERVICE_DISABLED" });
  expect((await rest("GET", secrets, { bearer, payer: "demo" })).status).toBe(200);
  expect((await rest("GET", secrets, { bearer: await tokenOf("32555940559.apps.googleusercontent.com") })).status).toBe(
    200,
  );
});
