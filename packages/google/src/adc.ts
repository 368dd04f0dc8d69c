import { Failure, messageOf } from "@aloft/kit/failure";
import type { Credentials } from "./connect.ts";

const scopes = ["https://www.googleapis.com/auth/cloud-platform"];

/**
 * Application Default Credentials, by google-auth-library, which is loaded at the first call. Calls by a person name
 * `project` as the one that pays for quota, or Google answers SERVICE_DISABLED ("requires a quota project").
 */
export function applicationDefault(project: string): Credentials {
  let made: ReturnType<typeof make> | undefined;
  const make = async () => {
    const library = await import("google-auth-library");
    const auth = new library.GoogleAuth({ scopes, projectId: project });
    const client = await auth.getClient().catch((cause: unknown) => {
      throw new Failure({
        code: "CREDENTIALS_MISSING",
        what: `There are no Google credentials to call project ${project} with.`,
        why: messageOf(cause),
        next: "gcloud auth application-default login",
        cause,
      });
    });
    const person = client instanceof library.UserRefreshClient;
    return { auth, client, person, quotaProject: client.quotaProjectId ?? (person ? project : undefined) };
  };
  const ready = (): ReturnType<typeof make> => {
    made ??= make().catch((thrown: unknown) => {
      made = undefined;
      throw thrown;
    });
    return made;
  };

  return {
    token: async () => {
      const { client } = await ready();
      const { token } = await client.getAccessToken().catch((cause: unknown) => {
        throw new Failure({
          code: "CREDENTIALS_MISSING",
          what: "Google refused the credentials of this computer.",
          why: messageOf(cause),
          next: "gcloud auth application-default login",
          cause,
        });
      });
      if (typeof token === "string" && token !== "") return token;
      throw new Failure({
        code: "CREDENTIALS_MISSING",
        what: "The credentials of this computer gave no access token.",
        next: "gcloud auth application-default login",
      });
    },
    idToken: async (audience) => {
      const { auth, person } = await ready();
      if (person) {
        throw new Failure({
          code: "CREDENTIALS_MISSING",
          what: `A person's credentials make no ID token for ${audience}.`,
          why: "Google gives them to service accounts alone.",
          next: "gcloud auth application-default login --impersonate-service-account=SERVICE_ACCOUNT",
        });
      }
      const client = await auth.getIdTokenClient(audience);
      return client.idTokenProvider.fetchIdToken(audience);
    },
    quotaProject: async () => (await ready()).quotaProject,
  };
}
