import { crc32c } from "../../packages/kit/src/crc32c.ts";
import { type Actor, newest, project } from "./soak-actor.ts";

const base = `/secretmanager.googleapis.com/v1/projects/${project}/secrets`;

interface Version {
  readonly value: string;
  state: "ENABLED" | "DISABLED" | "DESTROYED" | "unsure";
}

interface Secret {
  readonly id: string;
  readonly versions: Version[];
  isDeleted: boolean | "unsure";
}

/** Makes secrets, adds versions, disables, destroys, deletes. */
export function secretsActor(prefix: string): Actor {
  const secrets: Secret[] = [];
  let made = 0;
  let acknowledged = 0;

  return {
    name: `secrets ${prefix}`,
    get acknowledged() {
      return acknowledged;
    },
    step: async ({ ok }, random) => {
      const secret = secrets.at(-1);
      const dice = random.int(10);
      if (secret === undefined || secret.isDeleted !== false || secret.versions.length > 5 || dice === 0) {
        const id = `${prefix}-${made++}`;
        await ok("POST", `${base}?secretId=${id}`, { replication: { automatic: {} } });
        secrets.push({ id, versions: [], isDeleted: false });
      } else if (dice < 7 || secret.versions.length === 0) {
        const value = random.bytes(1 + random.int(2000)).toString("base64");
        const answer = await ok("POST", `${base}/${secret.id}:addVersion`, { payload: { data: value } });
        const number = Number(answer.json<{ name: string }>().name.split("/").at(-1));
        // One whose answer was lost may be there: its number is taken then.
        while (secret.versions.length < number - 1) secret.versions.push({ value: "", state: "unsure" });
        secret.versions.push({ value, state: "ENABLED" });
      } else if (dice < 9) {
        const at = secret.versions.findIndex(({ state }) => state === "ENABLED");
        const version = secret.versions[at];
        if (version === undefined) return;
        const verb = dice === 7 ? "disable" : "destroy";
        version.state = "unsure";
        await ok("POST", `${base}/${secret.id}/versions/${at + 1}:${verb}`, {});
        version.state = verb === "disable" ? "DISABLED" : "DESTROYED";
      } else {
        secret.isDeleted = "unsure";
        await ok("DELETE", `${base}/${secret.id}`);
        secret.isDeleted = true;
      }
      acknowledged++;
    },
    check: async ({ call }, all) => {
      const wrong: string[] = [];
      for (const { id, versions, isDeleted } of newest(secrets, all)) {
        const answer = await call("GET", `${base}/${id}`);
        if (isDeleted === true && answer.status !== 404) wrong.push(`secret ${id} was deleted and is there`);
        if (isDeleted === false && answer.status !== 200) wrong.push(`secret ${id} is lost: ${answer.status}`);
        if (answer.status !== 200) continue;
        for (const [at, { value, state }] of versions.entries()) {
          if (state === "unsure") continue;
          const name = `${base}/${id}/versions/${at + 1}`;
          const found = (await call("GET", name)).json<{ state?: string }>().state;
          if (found !== state) wrong.push(`version ${id}/${at + 1} is ${found ?? "lost"}, not ${state}`);
          if (state !== "ENABLED") continue;
          const { payload } = (await call("GET", `${name}:access`)).json<{ payload?: { data: string } }>();
          if (payload?.data !== value) wrong.push(`version ${id}/${at + 1} has another payload`);
        }
      }
      return wrong;
    },
  };
}

/** Whatever is listed can be read whole: also what nobody was told of. */
export function listedActor(): Actor {
  return {
    name: "listed",
    acknowledged: 0,
    step: async ({ ok }) => {
      await ok("GET", `${base}?pageSize=5`);
    },
    check: async ({ ok, call }, all) => {
      const wrong: string[] = [];
      const listed = (await ok("GET", `${base}?pageSize=25000`)).json<{ secrets?: { name: string }[] }>().secrets ?? [];
      for (const { name } of newest(listed, all)) {
        const path = `/secretmanager.googleapis.com/v1/${name}`;
        if ((await call("GET", path)).status !== 200) wrong.push(`${name} is listed and cannot be read`);
        type Versions = { versions?: { name: string; state: string }[] };
        for (const version of (await ok("GET", `${path}/versions`)).json<Versions>().versions ?? []) {
          if (version.state !== "ENABLED") continue;
          const answer = await call("GET", `/secretmanager.googleapis.com/v1/${version.name}:access`);
          if (answer.status !== 200) {
            wrong.push(`${version.name} is enabled and cannot be read: ${answer.status}`);
            continue;
          }
          const { payload } = answer.json<{ payload: { data: string; dataCrc32c: string } }>();
          if (String(crc32c(Buffer.from(payload.data, "base64"))) !== payload.dataCrc32c) {
            wrong.push(`${version.name} does not match its crc32c`);
          }
        }
      }
      return wrong;
    },
  };
}

/** Adds a member to a policy, each time by reading and writing it under its etag. */
export function policyActor(): Actor {
  const path = `${base}/policy-secret`;
  const members: string[] = [];
  let isMade = false;
  let number = 0;
  type Policy = { etag?: string; bindings?: { role: string; members: string[] }[] };
  return {
    name: "policy",
    get acknowledged() {
      return members.length;
    },
    step: async ({ ok, call }) => {
      if (!isMade) {
        const answer = await call("POST", `${base}?secretId=policy-secret`, { replication: { automatic: {} } });
        isMade = answer.status === 200 || answer.status === 409;
        return;
      }
      const member = `user:member-${number++}@example.com`;
      const policy = (await ok("GET", `${path}:getIamPolicy`)).json<Policy>();
      const before = policy.bindings?.[0]?.members ?? [];
      const bindings = [{ role: "roles/secretmanager.secretAccessor", members: [...before.slice(-900), member] }];
      await ok("POST", `${path}:setIamPolicy`, { policy: { ...policy, bindings } });
      members.push(member);
    },
    check: async ({ ok }) => {
      if (members.length === 0) return [];
      const policy = (await ok("GET", `${path}:getIamPolicy`)).json<Policy>();
      const held = new Set(policy.bindings?.[0]?.members);
      return members
        .slice(-900)
        .filter((each) => !held.has(each))
        .map((each) => `the policy lost ${each}`);
    },
  };
}

/** Every acknowledged write has its entry in the audit log. */
export function auditActor(): Actor {
  const ids: string[] = [];
  let made = 0;
  return {
    name: "audit",
    get acknowledged() {
      return ids.length;
    },
    step: async ({ ok }) => {
      const id = `audited-${made++}`;
      await ok("POST", `${base}?secretId=${id}`, { replication: { automatic: {} } });
      ids.push(id);
    },
    check: async ({ ok }, all) => {
      const wrong: string[] = [];
      for (const id of newest(ids, all, 5)) {
        const filter = `logName:"cloudaudit.googleapis.com%2Factivity" AND protoPayload.request.secretId="${id}"`;
        const body = { resourceNames: [`projects/${project}`], filter, pageSize: 1, orderBy: "timestamp desc" };
        const answer = await ok("POST", "/logging.googleapis.com/v2/entries:list", body);
        if (answer.json<{ entries?: object[] }>().entries?.length !== 1) wrong.push(`no audit entry of creating ${id}`);
      }
      return wrong;
    },
  };
}
