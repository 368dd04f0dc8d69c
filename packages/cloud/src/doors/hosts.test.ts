import { expect, test } from "vitest";
import { apiOfHost, isCloudHost, isLoopback } from "./hosts.ts";

const known = (api: string): boolean => ["run.googleapis.com", "cloud-run.googleapis.com"].includes(api);

test.each([
  ["run.googleapis.com", { api: "run.googleapis.com" }],
  ["us-central1-run.googleapis.com", { api: "run.googleapis.com", region: "us-central1" }],
  ["run.europe-west1.rep.googleapis.com", { api: "run.googleapis.com", region: "europe-west1" }],
  ["run.mtls.googleapis.com", { api: "run.googleapis.com" }],
  ["cloud-run.googleapis.com", { api: "cloud-run.googleapis.com" }],
  ["example.com", { api: "example.com" }],
])("hosts: %s", (host, expected) => {
  expect(apiOfHost(host, known)).toEqual(expected);
});

test("hosts: which are ours to serve", () => {
  const served = [
    "a.googleapis.com",
    "x-1.us-central1.run.app",
    "us-docker.pkg.dev",
    "gcr.io",
    "eu.gcr.io",
    "accounts.google.com",
  ];
  for (const host of [...served, "metadata.google.internal", "hello.local.aloft"])
    expect(isCloudHost(host), host).toBe(true);
  for (const host of ["googleapis.com.evil.example", "evilgoogleapis.com", "run.app.x", "localhost", "example.com"]) {
    expect(isCloudHost(host), host).toBe(false);
  }
  for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "[::1]", "app.localhost"])
    expect(isLoopback(host), host).toBe(true);
  for (const host of ["127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "0.0.0.0"]) {
    expect(isLoopback(host), host).toBe(false);
  }
});
