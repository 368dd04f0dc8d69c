import { createHash } from "node:crypto";
import { crc32c } from "../../packages/kit/src/crc32c.ts";
import { type Actor, newest, project } from "./soak-actor.ts";

/** Writes log entries, each with an id. */
export function logsActor(): Actor {
  const ids: string[] = [];
  let made = 0;
  return {
    name: "logs",
    get acknowledged() {
      return ids.length;
    },
    step: async ({ ok }) => {
      const insertId = `entry-${made++}`;
      const entries = [{ insertId, textPayload: `text of ${insertId}`, resource: { type: "global" } }];
      const logName = `projects/${project}/logs/soak`;
      await ok("POST", "/logging.googleapis.com/v2/entries:write", { logName, entries });
      ids.push(insertId);
    },
    check: async ({ ok }, all) => {
      const found = new Set<string>();
      let pageToken = "";
      do {
        const body = {
          resourceNames: [`projects/${project}`],
          filter: `logName="projects/${project}/logs/soak"`,
          orderBy: "timestamp desc",
          pageSize: all ? 1000 : 200,
          pageToken,
        };
        const answer = await ok("POST", "/logging.googleapis.com/v2/entries:list", body);
        const page = answer.json<{ entries?: { insertId: string }[]; nextPageToken?: string }>();
        for (const { insertId } of page.entries ?? []) found.add(insertId);
        pageToken = page.nextPageToken ?? "";
      } while (all && pageToken !== "");
      return newest(ids, all)
        .filter((id) => !found.has(id))
        .map((id) => `log entry ${id} is lost`);
    },
  };
}

/** Makes keys and encrypts with them; what was encrypted must open. */
export function kmsActor(): Actor {
  const ring = `/cloudkms.googleapis.com/v1/projects/${project}/locations/global/keyRings`;
  const sealed: { readonly key: string; readonly plain: string; readonly ciphertext: string }[] = [];
  let hasRing = false;
  let made = 0;
  let key: string | undefined;
  return {
    name: "kms",
    get acknowledged() {
      return sealed.length;
    },
    step: async ({ ok, call }, random) => {
      if (!hasRing) {
        hasRing = [200, 409].includes((await call("POST", `${ring}?keyRingId=ring`, {})).status);
        return;
      }
      if (key === undefined || random.chance(0.2)) {
        const id = `key-${made++}`;
        await ok("POST", `${ring}/ring/cryptoKeys?cryptoKeyId=${id}`, { purpose: "ENCRYPT_DECRYPT" });
        key = `${ring}/ring/cryptoKeys/${id}`;
        return;
      }
      const plain = random.bytes(64).toString("base64");
      const answer = await ok("POST", `${key}:encrypt`, { plaintext: plain });
      sealed.push({ key, plain, ciphertext: answer.json<{ ciphertext: string }>().ciphertext });
    },
    check: async ({ call }, all) => {
      const wrong: string[] = [];
      for (const each of newest(sealed, all)) {
        const answer = await call("POST", `${each.key}:decrypt`, { ciphertext: each.ciphertext });
        if (answer.status !== 200 || answer.json<{ plaintext: string }>().plaintext !== each.plain) {
          wrong.push(`what ${each.key} encrypted does not open: ${answer.status}`);
        }
      }
      return wrong;
    },
  };
}

/** Uploads objects and writes over them. */
export function storageActor(): Actor {
  const objects = new Map<string, { readonly hash: string; isUnsure: boolean }>();
  let hasBucket = false;
  let made = 0;
  let acknowledged = 0;
  const hashOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
  return {
    name: "storage",
    get acknowledged() {
      return acknowledged;
    },
    step: async ({ ok, call }, random) => {
      if (!hasBucket) {
        const answer = await call("POST", `/storage/v1/b?project=${project}`, { name: "soak-bucket" });
        hasBucket = answer.status === 200 || answer.status === 409;
        return;
      }
      const name = random.chance(0.3) && made > 0 ? `object-${random.int(made)}` : `object-${made++}`;
      const bytes = Buffer.alloc(1 + random.int(300_000), random.bytes(61));
      const before = objects.get(name);
      if (before !== undefined) before.isUnsure = true;
      await ok("POST", `/upload/storage/v1/b/soak-bucket/o?uploadType=media&name=${name}`, bytes, {
        "content-type": "application/octet-stream",
      });
      objects.set(name, { hash: hashOf(bytes), isUnsure: false });
      acknowledged++;
    },
    check: async ({ ok, call }, all) => {
      if (!hasBucket) return [];
      const wrong: string[] = [];
      type Listed = { name: string; crc32c: string; size: string };
      const listed = (await ok("GET", "/storage/v1/b/soak-bucket/o")).json<{ items?: Listed[] }>().items ?? [];
      const names = new Set(listed.map(({ name }) => name));
      for (const name of objects.keys()) if (!names.has(name)) wrong.push(`object ${name} is lost`);
      for (const { name, crc32c: sum, size } of newest(listed, all)) {
        const { status, bytes } = await call("GET", `/storage/v1/b/soak-bucket/o/${name}?alt=media`);
        const crc = Buffer.alloc(4);
        crc.writeUInt32BE(crc32c(bytes));
        if (status !== 200 || bytes.length !== Number(size) || crc.toString("base64") !== sum) {
          wrong.push(`object ${name} does not match its crc32c (${status}, ${bytes.length} of ${size} bytes)`);
        }
        const known = objects.get(name);
        if (known !== undefined && !known.isUnsure && known.hash !== hashOf(bytes)) {
          wrong.push(`object ${name} has other bytes than were acknowledged`);
        }
      }
      return wrong;
    },
  };
}

/** Pushes blobs and manifests to the registry. */
export function registryActor(): Actor {
  const host = "/us-central1-docker.pkg.dev";
  const image = `${host}/v2/${project}/soak/image`;
  const repositories = `/artifactregistry.googleapis.com/v1/projects/${project}/locations/us-central1/repositories`;
  const manifestType = "application/vnd.oci.image.manifest.v1+json";
  const pushed: { readonly kind: "blobs" | "manifests"; readonly digest: string }[] = [];
  let hasRepository = false;
  const digestOf = (bytes: Buffer): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  return {
    name: "registry",
    get acknowledged() {
      return pushed.length;
    },
    step: async ({ ok, call }, random) => {
      if (!hasRepository) {
        const answer = await call("POST", `${repositories}?repositoryId=soak`, { format: "DOCKER" });
        hasRepository = answer.status === 200 || answer.status === 409;
        return;
      }
      const blob = async (bytes: Buffer): Promise<object> => {
        const digest = digestOf(bytes);
        const place = (await ok("POST", `${image}/blobs/uploads/`)).headers.get("location") ?? "";
        const { pathname, search } = new URL(place, "http://local");
        const path = pathname.startsWith(host) ? pathname : `${host}${pathname}`;
        const query = `${search === "" ? "?" : `${search}&`}digest=${digest}`;
        await ok("PUT", `${path}${query}`, bytes, { "content-type": "application/octet-stream" });
        pushed.push({ kind: "blobs", digest });
        return { mediaType: "application/octet-stream", digest, size: bytes.length };
      };
      const layer = await blob(Buffer.alloc(1 + random.int(100_000), random.bytes(53)));
      const config = await blob(
        Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", made: random.next() })),
      );
      const manifest = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: manifestType,
          config: { ...config, mediaType: "application/vnd.oci.image.config.v1+json" },
          layers: [{ ...layer, mediaType: "application/vnd.oci.image.layer.v1.tar" }],
        }),
      );
      await ok("PUT", `${image}/manifests/latest`, manifest, { "content-type": manifestType });
      pushed.push({ kind: "manifests", digest: digestOf(manifest) });
    },
    check: async ({ call }, all) => {
      const wrong: string[] = [];
      for (const { kind, digest } of newest(pushed, all)) {
        const { status, bytes } = await call("GET", `${image}/${kind}/${digest}`, undefined, { accept: manifestType });
        if (status !== 200 || digestOf(bytes) !== digest) wrong.push(`${kind} ${digest} is lost or wrong: ${status}`);
      }
      return wrong;
    },
  };
}
