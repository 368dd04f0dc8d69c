import { expect, test } from "vitest";
import { RouteTable } from "./routes.ts";

function table(...routes: readonly string[]): RouteTable<string> {
  const made = new RouteTable<string>();
  for (const route of routes) {
    const [verb = "", path = ""] = route.split(" ");
    made.add(verb, path, route);
  }
  return made;
}

test("routes: variables over one and several segments, custom verbs, literals before wildcards", () => {
  const routes = table(
    "GET /v1/{name=projects/*/secrets/*}",
    "GET /v1/{parent=projects/*}/secrets",
    "GET /v1/{name=projects/*/secrets/*/versions/*}:access",
    "GET /v1/projects/{project}/secrets/special",
    "GET /v2/{log_name=projects/*/logs/*}",
    "GET /v1/{name=**}",
  );
  const find = (path: string) => {
    const match = routes.find("GET", path);
    return match === undefined ? undefined : [match.value.split(" ")[1], Object.fromEntries(match.params)];
  };
  expect(find("/v1/projects/p/secrets/s")).toEqual([
    "/v1/{name=projects/*/secrets/*}",
    { name: "projects/p/secrets/s" },
  ]);
  expect(find("/v1/projects/p/secrets")).toEqual(["/v1/{parent=projects/*}/secrets", { parent: "projects/p" }]);
  expect(find("/v1/projects/p/secrets/s/versions/1:access")?.[1]).toEqual({ name: "projects/p/secrets/s/versions/1" });
  expect(find("/v1/projects/p/secrets/special")?.[1]).toEqual({ project: "p" });
  expect(find("/v1/projects/p/secrets/a:b")?.[1]).toEqual({ name: "projects/p/secrets/a:b" });
  expect(find("/v1/any/thing/else")?.[1]).toEqual({ name: "any/thing/else" });
  expect(find("/v2/projects/p/logs/run%2Fstd%20out")?.[1]).toEqual({ log_name: "projects/p/logs/run%2Fstd out" });
  expect(find("/v3/x")).toBeUndefined();
  expect(routes.find("POST", "/v1/projects/p/secrets/s")).toBeUndefined();
  expect(() => routes.find("GET", "/v1/projects/%zz/secrets/s")).toThrow(URIError);
});

test("routes: a slash at the end makes no difference, where it is no part of a name", () => {
  const routes = table("GET /v3/tagBindings", "GET /o/{object=**}");
  expect(routes.find("GET", "/v3/tagBindings/")?.value).toBe("GET /v3/tagBindings");
  expect(routes.find("GET", "/o/folder/")?.params).toEqual([["object", "folder/"]]);
  expect(routes.find("GET", "/")).toBeUndefined();
});
