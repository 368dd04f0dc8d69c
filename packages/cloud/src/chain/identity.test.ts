import { connect } from "node:http2";
import { createClock } from "@aloft/kit/clock";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../cloud.ts";
import { frame } from "../wire/grpc-frames.ts";
import { raw } from "../wire/wire.test-support.ts";

let cloud: Cloud;
const clock = createClock({ frozenAt: Date.parse("2026-11-21T08:00:00Z") });
const api = "secretmanager.googleapis.com";
beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, clock, log: () => undefined });
  cloud.host.projects.setEnabled("demo", api, true);
});
afterAll(() => cloud.close());

const list = (token?: string) =>
  fetch(`${cloud.url}/${api}/v1/projects/demo/secrets`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });

test("identity: 401 as Google's REST door answers it, with its challenge", async () => {
  const none = await list();
  expect([none.status, none.headers.get("www-authenticate")]).toEqual([
    401,
    'Bearer realm="https://accounts.google.com/"',
  ]);
  expect(await none.json()).toEqual({
    error: {
      code: 401,
      message: expect.stringMatching(/^Request is missing required authentication credential\. Expected OAuth 2/),
      status: "UNAUTHENTICATED",
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          reason: "CREDENTIALS_MISSING",
          domain: "googleapis.com",
          metadata: { service: api },
        },
      ],
    },
  });
  const bad = await list("nonsense");
  expect(bad.headers.get("www-authenticate")).toBe(
    'Bearer realm="https://accounts.google.com/", error="invalid_token"',
  );
  const person = cloud.token("ann@example.com");
  expect((await list(person)).status).toBe(403);
  clock.advance(3_600_000);
  expect((await list(person)).status).toBe(401);
});

test("identity: the same over gRPC, as status, details and metadata", async () => {
  const session = connect(cloud.url);
  try {
    const path = "/google.cloud.secretmanager.v1.SecretManagerService/ListSecrets";
    const headers = { ":path": path, "content-type": "application/grpc", te: "trailers" };
    const { trailers } = await raw(session, headers, frame(new Uint8Array()));
    expect(trailers["grpc-status"]).toBe("16");
    expect(trailers["www-authenticate"]).toBe('Bearer realm="https://accounts.google.com/"');
    const details = Buffer.from(String(trailers["grpc-status-details-bin"]), "base64").toString("latin1");
    expect(details).toContain("CREDENTIALS_MISSING");
  } finally {
    session.close();
  }
});
