import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cloud, startCloud } from "../cloud.ts";
import { conditionResource } from "./condition-resource.ts";
import { checkExpression, conditionHolds } from "./conditions.ts";
import { restOf } from "./testing/rest.ts";

const numberOf = (id: string) => (id === "demo" ? "123456789012" : undefined);
const secret = conditionResource("secretmanager.googleapis.com/projects/demo/secrets/s/versions/1", numberOf);
const at = (time: string) => ({ resource: secret, nowMs: Date.parse(time) });

describe("conditions: what an expression means", () => {
  test("a resource goes by the name that its API tells to conditions", () => {
    expect(secret).toEqual({
      name: "projects/123456789012/secrets/s/versions/1",
      type: "secretmanager.googleapis.com/SecretVersion",
      service: "secretmanager.googleapis.com",
    });
    expect(conditionResource("run.googleapis.com/projects/demo/locations/r/services/api", numberOf)).toMatchObject({
      name: "projects/demo/locations/r/services/api",
      type: "run.googleapis.com/Service",
    });
    expect(conditionResource("run.googleapis.com/projects/demo", numberOf).type).toBe(
      "cloudresourcemanager.googleapis.com/Project",
    );
  });

  test.each([
    ['resource.name.startsWith("projects/123456789012/secrets/s")', true],
    ['resource.type == "secretmanager.googleapis.com/Secret"', false],
    ['resource.service == "secretmanager.googleapis.com" && request.time < timestamp("2027-01-01T00:00:00Z")', true],
    ['request.time < timestamp("2026-01-01T00:00:00Z")', false],
    ['request.time.getHours("Europe/Berlin") == 13', true],
    ["request.time.getDayOfWeek() in [1, 2, 3, 4, 5]", true],
    ['resource.name.extract("/secrets/{name}/") == "s"', true],
    ['resource.name.extract("/versions/{name}") == "1"', true],
    ['resource.name.extract("/buckets/{name}/") == ""', true],
    ['api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly(["roles/run.invoker"])', true],
    ["resource.name.split('/')[9] == 'x'", false],
  ])("%s is %s", (expression, holds) => {
    checkExpression(expression);
    expect(conditionHolds(expression, at("2026-06-01T11:30:00Z"))).toBe(holds);
  });

  test.each([
    ["resource.name ==", "Syntax error"],
    ["resource.nmae == 'x'", "undefined field 'nmae'"],
    ["false && bad(1)", "undeclared reference to 'bad'"],
    ["resouce.name == 'x'", "undeclared reference to 'resouce'"],
    ["resource.name", "expected type 'bool'"],
    ["resource.name.startsWith(1)", "no matching overload"],
  ])("%s is refused: %s", (expression, words) => {
    expect(() => checkExpression(expression)).toThrow(
      new RegExp(`^LintValidationUnits/ConditionCompileCheck Error: Expression compilation failed.*${words}`),
    );
  });

  test.each(["request.path == '/x'", "'a' in request.auth.access_levels"])(
    "%s says that it is not built",
    (expression) => {
      expect(() => checkExpression(expression)).toThrow(/does not implement .* in IAM conditions/);
    },
  );
});

describe("conditions: on the wire", () => {
  let cloud: Cloud;
  const rest = restOf(() => cloud);
  const project = "cloudresourcemanager.googleapis.com/v1/projects/demo";
  const secrets = "secretmanager.googleapis.com/v1/projects/demo/secrets";
  const ann = "ann@example.com";
  beforeAll(async () => {
    cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
    cloud.host.projects.setEnabled("demo", "secretmanager.googleapis.com", true);
    for (const secretId of ["open", "shut"]) {
      await rest("POST", `${secrets}?secretId=${secretId}`, { body: { replication: { automatic: {} } } });
    }
  });
  afterAll(() => cloud.close());

  const read = async (version?: number) => {
    const body = version === undefined ? {} : { options: { requestedPolicyVersion: version } };
    return (await rest("POST", `${project}:getIamPolicy`, { body })).body;
  };
  const grant = async (binding: object, version = 3) => {
    const policy = await read(3);
    return rest("POST", `${project}:setIamPolicy`, {
      body: { policy: Object.assign({}, policy, { version, bindings: [...(policy.bindings ?? []), binding] }) },
    });
  };
  const conditional = (role: string, expression: string) => ({
    role,
    members: [`user:${ann}`],
    condition: { title: "for a while", expression },
  });

  test("a grant counts on its resource and until its time, by the cloud's clock", async () => {
    const until = new Date(cloud.clock.now() + 3_600_000).toISOString();
    const expression = `resource.name.startsWith("projects/123456789012/secrets/open") && request.time < timestamp("${until}")`;
    expect((await grant(conditional("roles/secretmanager.viewer", expression))).body.version).toBe(3);
    const status = async (name: string) => (await rest("GET", `${secrets}/${name}`, { as: ann })).status;
    expect([await status("open"), await status("shut")]).toEqual([200, 403]);
    cloud.clock.advance(3_600_000);
    expect(await status("open")).toBe(403);
  });

  test("who did not ask for version 3 is shown no condition, and cannot write it away", async () => {
    const plain = await read();
    expect(plain.version).toBe(1);
    const shown = plain.bindings?.map(({ role }) => String(role)).find((role) => role.includes("_withcond_"));
    expect(shown).toMatch(/^roles\/secretmanager\.viewer_withcond_[0-9a-f]{20}$/);
    expect((await read(3)).bindings?.map(({ condition }) => condition?.title)).toContain("for a while");
    const late = await grant({ role: "roles/viewer", members: [`user:${ann}`] }, 1);
    expect(late.status).toBe(400);
    expect(late.body.error?.message).toContain("(1) cannot be less than the existing policy version (3)");
    const blind = await rest("POST", `${project}:setIamPolicy`, { body: { policy: { bindings: plain.bindings } } });
    expect(blind.body.error?.message).toMatch(/^Role roles\/secretmanager.viewer_withcond_.* is not supported/);
  });

  test("basic roles and the public take no condition, and an expression is compiled when it is set", async () => {
    const words = async (binding: object) => (await grant(binding)).body.error?.message;
    expect(await words(conditional("roles/editor", "true"))).toContain("Conditions can't be set on primitive roles");
    const everyone = { ...conditional("roles/secretmanager.viewer", "true"), members: ["allUsers"] };
    expect(await words(everyone)).toContain("allUsers");
    expect(await words(conditional("roles/secretmanager.viewer", "1 +"))).toContain("ConditionCompileCheck");
  });

  test("a delegated administrator grants the roles that the condition names, and no others", async () => {
    const attribute = 'api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", [])';
    const expression = `${attribute}.hasOnly(["roles/secretmanager.viewer"])`;
    expect((await grant(conditional("roles/resourcemanager.projectIamAdmin", expression))).status).toBe(200);
    const policy = await read(3);
    const give = async (role: string) => {
      const bindings = [...(policy.bindings ?? []), { role, members: ["user:bob@example.com"] }];
      return (
        await rest("POST", `${project}:setIamPolicy`, {
          body: { policy: Object.assign({}, policy, { bindings }) },
          as: ann,
        })
      ).status;
    };
    expect([await give("roles/owner"), await give("roles/secretmanager.viewer")]).toEqual([403, 200]);
  });
});
