import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeProgramFiles } from "./program-files.ts";

test("program files: gsutil's configuration doubles the percent signs that its reader would expand", () => {
  const dir = mkdtempSync(join(tmpdir(), "aloft-100%-"));
  try {
    const identity = { email: "you@local.aloft", accessToken: "a", refreshToken: "r" };
    const { boto } = writeProgramFiles({
      ...{ dir, identity, proxy: { host: "127.0.0.1", port: 4510 } },
      ...{ bundle: join(dir, "ca.pem"), project: undefined },
    });
    const text = readFileSync(boto, "utf8");
    expect(text.replaceAll("%%", "")).not.toContain("%");
    expect(text.replaceAll("%%", "%")).toContain(`ca_certificates_file = ${dir}/ca.pem`);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
