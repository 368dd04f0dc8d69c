import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClock } from "@aloft/kit/clock";
import { expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";
import { cloudkms } from "./index.ts";

test("kms: keys outlive the cloud, and what fell due meanwhile is done when it is back", async () => {
  const dir = mkdtempSync(join(tmpdir(), "aloft-kms-"));
  const begun = Date.parse("2026-03-01T12:00:00Z");
  const base = "cloudkms.googleapis.com/v1/projects/demo/locations/global/keyRings";
  const rested = async (atMs: number, work: (rest: ReturnType<typeof restOf>, cloud: Cloud) => Promise<void>) => {
    const options = { dir, clock: createClock({ frozenAt: atMs }), services: [cloudkms], log: () => undefined };
    await using cloud = await startCloud({ ...options, projects: { demo: 123456789012 } });
    cloud.host.projects.setEnabled("demo", "cloudkms.googleapis.com", true);
    await work(
      restOf(() => cloud),
      cloud,
    );
  };
  const sealed: string[] = [];
  try {
    await rested(begun, async (rest) => {
      await rest("POST", `${base}?keyRingId=ring`);
      const schedule = { rotationPeriod: "86400s", nextRotationTime: "2026-03-02T12:00:00Z" };
      await rest("POST", `${base}/ring/cryptoKeys?cryptoKeyId=key`, {
        body: { purpose: "ENCRYPT_DECRYPT", ...schedule },
      });
      const answer = await rest("POST", `${base}/ring/cryptoKeys/key:encrypt`, { body: { plaintext: "aGVsbG8=" } });
      sealed.push(String(answer.body.ciphertext));
      // The cloud ends while the job's key is being made: it is made when it is asked for again.
      const job = { importMethod: "RSA_OAEP_4096_SHA256", protectionLevel: "SOFTWARE" };
      await rest("POST", `${base}/ring/importJobs?importJobId=job`, { body: job });
    });
    await rested(begun + 1000, async (rest) => {
      const job = await rest("GET", `${base}/ring/importJobs/job`);
      expect(job.body).toMatchObject({ state: "ACTIVE", publicKey: { pem: expect.stringContaining("PUBLIC KEY") } });
    });
    await rested(begun + 3 * 86_400_000, async (rest) => {
      const key = await rest("GET", `${base}/ring/cryptoKeys/key`);
      expect(key.body.primary?.name).toMatch(/cryptoKeyVersions\/4$/);
      expect(key.body.nextRotationTime).toBe("2026-03-05T12:00:00Z");
      const [ciphertext] = sealed;
      const opened = await rest("POST", `${base}/ring/cryptoKeys/key:decrypt`, { body: { ciphertext } });
      expect(opened.body.plaintext).toBe("aGVsbG8=");
      expect(opened.body).not.toHaveProperty("usedPrimary");
      expect((await rest("GET", `${base}/ring/importJobs/job`)).body).toMatchObject({ state: "EXPIRED" });
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
