import { expect, test } from "vitest";
import { Bindings } from "../conformance/recordings/bindings.ts";
import { compare } from "../conformance/recordings/compare.ts";
import { isKnown, stale } from "../conformance/recordings/known.ts";
import { presupposed } from "../conformance/recordings/presupposed.ts";

const places = (recorded: object, ours: object, bindings = new Bindings()): readonly string[] =>
  compare(recorded, ours, bindings).map(({ at }) => at);

/** What the recorder writes in place of an id. */
const blanked = (name: string): string => ["$", "{", name, "}"].join("");

test("recordings: a field too many, one too few and another value are differences, a time or an etag is not", () => {
  const recorded = { a: "x", b: { c: 1 }, etag: "abc", createTime: "2024-04-01T12:34:56.123456Z" };
  const ours = { a: "y", b: {}, d: true, etag: "def", createTime: "2026-01-01T00:00:00Z" };
  expect(places(recorded, ours)).toEqual(["/a", "/b/c", "/d"]);
  expect(places({ etag: "abc" }, { etag: "" })).toEqual(["/etag"]);
});

test("recordings: a placeholder means what was answered for it, and one word of the recorder's may mean two folders", () => {
  const bindings = new Bindings();
  expect(places({ name: `tagKeys/${blanked("tagKeyID")}` }, { name: "tagKeys/1" }, bindings)).toEqual([]);
  expect(bindings.fill(`tagKeys/${blanked("tagKeyID")}`)).toBe("tagKeys/1");
  const folder = { name: `folders/${blanked("folderID")}`, parent: `folders/${blanked("folderID")}` };
  expect(places(folder, { name: "folders/987654321", parent: "folders/111111111111" }, bindings)).toEqual([]);
  expect(bindings.fill(blanked("folderID"))).toBe("987654321");
  bindings.forget(`https://x.googleapis.com/v3/folders/${blanked("folderID")}/things/other?alt=json`);
  expect(bindings.fill(blanked("folderID"))).toBe("987654321");
  bindings.forget(`https://x.googleapis.com/v3/folders/${blanked("folderID")}?alt=json`);
  expect(bindings.fill(blanked("folderID"))).toBe("111111111111");
  expect(
    places({ parent: `organizations/${blanked("organizationID")}` }, { parent: "organizations/5" }, bindings),
  ).toEqual(["/parent"]);
});

test("recordings: what is created in one was not there before it, what is only named was", () => {
  const crm = "https://cloudresourcemanager.googleapis.com/v1";
  const { projects, containers } = presupposed(
    {
      name: "a/b.json",
      live: false,
      exchanges: [
        { method: "GET", url: `${crm}/projects/made-here`, status: 403 },
        { method: "GET", url: `${crm}/projects/old-one`, status: 200 },
        {
          ...{ method: "POST", url: `${crm}/projects`, status: 200 },
          body: { projectId: "made-here", parent: { type: "folder", id: "12" } },
        },
      ],
    },
    (text) => text,
  );
  expect([[...projects], [...containers]]).toEqual([["old-one"], ["folders/12"]]);
});

test("recordings: a listed difference covers itself alone, and must go when there is none", () => {
  const entry = { recording: "r", exchange: 1, at: ["/a"], reason: "a mock's answer" as const, note: "why" };
  const replayed = (index: number, ...at: readonly string[]) => ({
    ...{ index, api: "run.googleapis.com", what: "GET /" },
    differences: at.map((each) => ({ at: each, recorded: "1", ours: "2" })),
  });
  expect(isKnown([entry], "r", replayed(1, "/a"))).toBe(true);
  expect(isKnown([entry], "r", replayed(1, "/a", "/b"))).toBe(false);
  expect(isKnown([entry], "r", replayed(2, "/a"))).toBe(false);
  expect(stale([entry], "r", [replayed(1, "/a")])).toEqual([]);
  expect(stale([entry], "r", [replayed(1)])).toHaveLength(1);
  expect(stale([entry], "r", [])).toHaveLength(1);
});
