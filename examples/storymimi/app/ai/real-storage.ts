import type { Keys } from "../settings.ts";
import type { Media } from "../story.ts";
import { callProvider } from "./http.ts";
import type { MadeFile } from "./real-media.ts";

/** The bucket in Supabase, to be made there once, open for reading. */
const bucket = "stories";

/** Puts a file into Supabase's storage and answers where everyone can read it. Doing it again replaces the file. */
export async function store(name: string, file: MadeFile, keys: Keys, signal: AbortSignal): Promise<Media> {
  const base = `${keys.SUPABASE_URL.reveal().replace(/\/+$/, "")}/storage/v1/object`;
  const key = keys.SUPABASE_KEY;
  const answer = await callProvider({
    provider: "Supabase",
    url: `${base}/${bucket}/${name}`,
    headers: {
      "content-type": file.type,
      authorization: `Bearer ${key.reveal()}`,
      apikey: key.reveal(),
      "x-upsert": "true",
    },
    key,
    signal,
    body: file.bytes,
  });
  await answer.body?.cancel();
  return { type: file.type, url: `${base}/public/${bucket}/${name}` };
}
