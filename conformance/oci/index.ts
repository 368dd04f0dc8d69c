import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pushApp } from "../node/index.ts";
import { has, openPlace, type Ran } from "../place.ts";
import type { Suite } from "../suite.ts";

const host = "docker://us-central1-docker.pkg.dev/demo";

/** A registry client that nobody here wrote copies images in and out. */
export const oci: Suite = {
  name: "oci",
  about: "skopeo copies images in and out, through aloft exec",
  options: [],
  run: async (_, report) => {
    if (!(await has("skopeo"))) {
      const why = ["there is no skopeo on this machine (Debian: apt-get install skopeo)"];
      return report.ended({ group: "oci", name: "skopeo", outcome: "skip", why });
    }
    await using place = await openPlace(report);
    await pushApp(place);
    report.version("skopeo", (await place.exec(["skopeo", "--version"])).stdout.trim());
    const login = `oauth2accesstoken:${place.cloud.token()}`;
    const skopeo = (...args: readonly string[]): Promise<Ran> => place.exec(["skopeo", ...args]);
    const ended = (name: string, wrong: string | undefined): void =>
      report.ended({
        group: "oci",
        name,
        outcome: wrong === undefined ? "ok" : "failed",
        ...(wrong === undefined ? {} : { why: [wrong] }),
      });
    const said = (ran: Ran): string | undefined => (ran.code === 0 ? undefined : ran.stderr.trim().slice(-400));

    // Without it skopeo compresses what it pushes, and with that changes digests.
    const copy = ["copy", "--preserve-digests"];
    const out = await skopeo(...copy, "--src-creds", login, `${host}/apps/app:v1`, "oci:out:v1");
    const layout = out.code === 0 ? readdirSync(join(place.folder, "out/blobs/sha256")).length : 0;
    ended("copy out", said(out) ?? (layout >= 4 ? undefined : `the layout holds ${layout} blobs`));

    ended("copy in", said(await skopeo(...copy, "--dest-creds", login, "oci:out:v1", `${host}/apps/copied:v2`)));
    ended(
      "copy across",
      said(
        await skopeo(
          ...copy,
          "--src-creds",
          login,
          "--dest-creds",
          login,
          `${host}/apps/copied:v2`,
          `${host}/apps/across:v3`,
        ),
      ),
    );
    const docker = ["copy", "--format", "v2s2", "--dest-creds", login, "oci:out:v1", `${host}/apps/docker:v1`];
    ended("copy in as a docker manifest", said(await skopeo(...docker)));

    const digest = async (image: string): Promise<string> =>
      (await skopeo("inspect", "--creds", login, "--format", "{{.Digest}}", `${host}/${image}`)).stdout.trim();
    const digests = [await digest("apps/copied:v2"), await digest("apps/across:v3")];
    const index = out.code === 0 ? JSON.parse(readFileSync(join(place.folder, "out/index.json"), "utf8")) : {};
    const wanted = index.manifests?.[0]?.digest;
    const same = wanted !== undefined && digests.every((each) => each === wanted);
    ended("the digest stays", same ? undefined : `${digests.join(" and ")} are not ${wanted}`);

    const tags = await skopeo("list-tags", "--creds", login, `${host}/apps/copied`);
    ended("list tags", said(tags) ?? (JSON.parse(tags.stdout).Tags?.[0] === "v2" ? undefined : tags.stdout));
    // It deletes by digest; Artifact Registry keeps what a tag still names.
    const kept = await skopeo("delete", "--creds", login, `${host}/apps/across:v3`);
    const why = kept.code !== 0 && /still referenced by tag|DANGLING_TAG/.test(kept.stderr);
    ended("delete of a tagged manifest is refused", why ? undefined : kept.stderr.slice(-300) || "it was deleted");
    const nobody = await skopeo("inspect", "--no-creds", `${host}/apps/app:v1`);
    const refused = nobody.code !== 0 && /denied|unauthorized|Unauthenticated|403|401/i.test(nobody.stderr);
    ended("nobody gets in", refused ? undefined : nobody.stderr.slice(-300) || "it was let in");
    const nowhere = await skopeo(...copy, "--dest-creds", login, "oci:out:v1", `${host}/none/app:v1`);
    ended("no repository, no push", nowhere.code === 0 ? "it was pushed" : undefined);
  },
};
