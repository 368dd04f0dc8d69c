import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { Host } from "../../host.ts";
import type { BucketFiles } from "../../machines/volumes/bucket-files.ts";
import { bucketPlace, mustHold } from "./access.ts";
import { mustBeBucket } from "./bucket-writes.ts";
import { storeReceived } from "./insert.ts";
import { putAway } from "./object-writes.ts";
import { type Storage, storageOf } from "./storage.ts";

/** Buckets as folders of files, for Cloud Run's volumes; permissions are asked for as over the API. */
export function bucketFilesOf(host: Host): BucketFiles {
  const storage = (): Storage => storageOf(host);
  return {
    version: (name) => {
      const { store } = storage();
      return store.bucket(name) === undefined ? undefined : store.changes(name);
    },
    list: (name, prefix, caller) => {
      const { store } = storage();
      const bucket = mustBeBucket(store, name);
      host.iam.require(caller, ["storage.objects.list"], bucketPlace(bucket));
      return store.liveNames(name, prefix);
    },
    fetch: async (name, { name: object, generation }, to, caller) => {
      const { store, content } = storage();
      const found = store.version(name, object, generation);
      if (found === undefined) return;
      mustHold(storage(), { caller }, mustBeBucket(store, name), object, "storage.objects.get", found.acl);
      await pipeline(content.read(found.file), createWriteStream(to, { flags: "wx" }));
    },
    put: async (name, object, from, caller) => {
      const all = storage();
      const bucket = mustBeBucket(all.store, name);
      const present = all.store.live(name, object);
      mustHold(all, { caller }, bucket, object, "storage.objects.create", present?.acl);
      const received = await all.content.receive(object.endsWith("/") ? empty() : createReadStream(from));
      const request = { query: new URLSearchParams({ name: object }), headers: {} };
      const { generation } = await storeReceived(all, bucket, request, { caller }, {}, received);
      return { name: object, generation };
    },
    remove: (name, { name: object, generation }, caller) => {
      const all = storage();
      const bucket = mustBeBucket(all.store, name);
      const found = all.store.live(name, object);
      if (found?.generation !== generation) return;
      mustHold(all, { caller }, bucket, object, "storage.objects.delete", found.acl);
      all.release(host.db.tx(() => putAway(all, bucket, found)));
      all.wake();
    },
  };
}

async function* empty(): AsyncGenerator<Uint8Array> {}
