import type { Answer, Place, Ran } from "../place.ts";

/** What a command must have printed and changed. Answers what is wrong; undefined: nothing. */
export interface Expectation {
  /** Of the command, as bash gets it. The first that matches counts. */
  readonly of: RegExp;
  /** The real Google refuses the line too: it must fail, and say this. The reason stands beside it. */
  readonly refusedBy?: {
    readonly says: RegExp;
    readonly because: string;
    /** When it is no reason any more. */
    readonly unless?: (at: Facts) => Promise<boolean>;
  };
  /** For an API that the local cloud does not have: the line is not run. */
  readonly skip?: string;
  readonly check?: (ran: Ran, at: Facts, found: RegExpExecArray) => Promise<string | undefined>;
}

/** How the state of the cloud is asked for. */
export interface Facts extends Pick<Place, "api"> {
  /** Of commands that name none. */
  readonly project: string;
}

const demo = "projects/demo";
const secret = (name: string): string => `secretmanager.googleapis.com/v1/${demo}/secrets/${name}`;
const service = (name: string): string => `run.googleapis.com/v2/${demo}/locations/us-central1/services/${name}`;

function says(text: string, ...wanted: readonly (string | RegExp)[]): string | undefined {
  const missing = wanted.filter((each) => (typeof each === "string" ? !text.includes(each) : !each.test(text)));
  return missing.length === 0 ? undefined : `it does not say ${missing.join(", ")}: ${text.slice(0, 300)}`;
}

function is(what: string, found: unknown, wanted: unknown): string | undefined {
  return JSON.stringify(found) === JSON.stringify(wanted)
    ? undefined
    : `${what} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`;
}

async function latestOf({ api }: Facts, name: string): Promise<string> {
  const { payload } = await api("GET", `${secret(name)}/versions/latest:access`);
  return Buffer.from(payload.data, "base64").toString();
}

function binds(policy: Answer, role: string, member: string): string | undefined {
  const found = (policy.bindings ?? []).some((each: Answer) => each.role === role && each.members.includes(member));
  return found ? undefined : `the policy has no ${role} for ${member}`;
}

const container = (one: Answer): Answer => one.template.containers[0];
const bucket = (name: string): string => `storage.googleapis.com/storage/v1/b/${name}`;
/** `v1` alone is a repository without an image: nothing can be pushed there, on Google neither. */
const noImage = "the image's path names a repository and no image in it";

export const expectations: readonly Expectation[] = [
  { of: /^gcloud (sql|scheduler) /, skip: "Cloud SQL and Cloud Scheduler are not served yet" },
  { of: /billing budgets/, skip: "Cloud Billing Budgets is not served" },
  {
    of: /--image=["']?[\w-]+-docker\.pkg\.dev\/[^/\s"']+\/[^/\s"']+(?=["'\s]|$)/,
    refusedBy: { says: /not found|Expected an image path/i, because: noImage },
  },
  {
    of: /domain-mappings create/,
    refusedBy: { says: /does not appear to be verified/, because: "nobody verified example.com" },
  },
  {
    of: /kms keys add-iam-policy-binding .*gaia-deployer-sa/,
    refusedBy: {
      says: /gaia-deployer-sa\S* does not exist/,
      because: "a later line makes the account",
      unless: async ({ api }) =>
        api("GET", `iam.googleapis.com/v1/${demo}/serviceAccounts/gaia-deployer-sa@demo.iam.gserviceaccount.com`).then(
          () => true,
          () => false,
        ),
    },
  },
  {
    of: /^gcloud run services update-traffic (\S+) .*--to-revisions=(\S+)=100/,
    check: async ({ stdout }, { api }, [, name = "", revision = ""]) =>
      says(stdout, revision) ??
      is("its traffic", (await api("GET", service(name))).trafficStatuses?.[0]?.revision, revision),
  },
  {
    of: /^echo (-n )?["']([^"']+)["'] \| gcloud secrets versions add (\S+) --data-file=-(?: --project=demo)?$/,
    check: async ({ stderr }, at, [, n, value = "", name = ""]) =>
      says(stderr, `Created version [`, name) ??
      is(`the value of ${name}`, await latestOf(at, name), n === undefined ? `${value}\n` : value),
  },
  {
    of: /^echo -n '([^']+)' \| gcloud secrets create (\S+) --data-file=-(?: --project=demo)?$/,
    check: async ({ stderr }, at, [, value, name = ""]) =>
      says(stderr, `Created version [1] of the secret [${name}]`) ??
      is(`the value of ${name}`, await latestOf(at, name), value),
  },
  {
    of: /^for secret in (.+?); do gcloud secrets describe/,
    check: async ({ stdout }, _, [, names = ""]) =>
      says(stdout, ...names.split(" ").map((name) => `/secrets/${name}`)) ??
      (stdout.includes("Missing") ? "a secret is missing" : undefined),
  },
  {
    of: /^gcloud secrets describe (\S+)$/,
    check: async ({ stdout }, _, [, name]) => says(stdout, `projects/123456789012/secrets/${name}`, "etag"),
  },
  {
    of: /^gcloud secrets list(?: --project=demo)?$/,
    check: async ({ stdout }) => says(stdout, /^NAME/, "SECRET_NAME", "gitlab-url"),
  },
  {
    of: /^gcloud secrets versions list SECRET_NAME$/,
    check: async ({ stdout }) => says(stdout, /^NAME/, /^\d+ .*enabled/m),
  },
  {
    of: /^gcloud secrets versions access (\S+) --secret=["']?([\w-]+)["']?(?: --project=demo)?$/,
    check: async ({ stdout }, { api }, [, version, name = ""]) => {
      const { payload } = await api("GET", `${secret(name)}/versions/${version}:access`);
      return is("what it prints", stdout, Buffer.from(payload.data, "base64").toString());
    },
  },

  {
    of: /^gcloud services enable ((?:[\w.]+ ?)+)$/,
    check: async (_, { api, project }, [, names = ""]) => {
      for (const name of names.split(" ")) {
        const { state } = await api("GET", `serviceusage.googleapis.com/v1/projects/${project}/services/${name}`);
        if (state !== "ENABLED") return `${name} is ${state}`;
      }
      return undefined;
    },
  },
  {
    of: /^gcloud kms keyrings create (\S+) --location=global$/,
    check: async (_, { api }, [, name]) =>
      is(
        "its name",
        (await api("GET", `cloudkms.googleapis.com/v1/${demo}/locations/global/keyRings/${name}`)).name,
        `${demo}/locations/global/keyRings/${name}`,
      ),
  },
  {
    of: /^gcloud kms keys create (\S+) --location=global --keyring=(\S+) --purpose=encryption$/,
    check: async (_, { api }, [, key, ring]) => {
      const found = await api(
        "GET",
        `cloudkms.googleapis.com/v1/${demo}/locations/global/keyRings/${ring}/cryptoKeys/${key}`,
      );
      return (
        is("its purpose", found.purpose, "ENCRYPT_DECRYPT") ?? is("its primary version", found.primary.state, "ENABLED")
      );
    },
  },
  {
    of: /^gcloud kms keys add-iam-policy-binding (\S+) --location=global --keyring=(\S+) --member="(\S+)" --role="(\S+)"/,
    check: async ({ stdout }, { api }, [, key, ring, member = "", role = ""]) =>
      says(stdout, role) ??
      binds(
        await api(
          "GET",
          `cloudkms.googleapis.com/v1/${demo}/locations/global/keyRings/${ring}/cryptoKeys/${key}:getIamPolicy`,
        ),
        role,
        member,
      ),
  },

  {
    of: /^gcloud iam service-accounts create (\S+) --display-name="([^"]+)"$/,
    check: async (_, { api }, [, name, shown]) =>
      is(
        "its display name",
        (await api("GET", `iam.googleapis.com/v1/${demo}/serviceAccounts/${name}@demo.iam.gserviceaccount.com`))
          .displayName,
        shown,
      ),
  },
  {
    of: /^for role in (.+?); do gcloud projects add-iam-policy-binding demo --member="(\S+?)"/,
    check: async (_, { api }, [, roles = "", member = ""]) => {
      const policy = await api("POST", `cloudresourcemanager.googleapis.com/v1/${demo}:getIamPolicy`, {});
      return roles
        .split(" ")
        .map((role) => binds(policy, role, member))
        .find((each) => each !== undefined);
    },
  },
  {
    of: /^gcloud projects add-iam-policy-binding demo --member="(\S+?)" --role="(\S+?)"/,
    check: async ({ stdout }, { api }, [, member = "", role = ""]) =>
      says(stdout, role) ??
      binds(await api("POST", `cloudresourcemanager.googleapis.com/v1/${demo}:getIamPolicy`, {}), role, member),
  },
  {
    of: /^gcloud projects describe demo --format='value\(projectNumber\)'$/,
    check: async ({ stdout }) => is("what it prints", stdout, "123456789012\n"),
  },

  {
    of: /^gcloud artifacts repositories create (\S+) --repository-format=docker --location=us-central1/,
    check: async (_, { api }, [, name]) =>
      is(
        "its format",
        (await api("GET", `artifactregistry.googleapis.com/v1/${demo}/locations/us-central1/repositories/${name}`))
          .format,
        "DOCKER",
      ),
  },
  {
    of: /^gcloud auth configure-docker us-central1-docker\.pkg\.dev$/,
    check: async ({ stderr }) => says(stderr, /us-central1-docker\.pkg\.dev|already/),
  },
  {
    of: /gcloud auth login --cred-file=sa-key\.json/,
    check: async ({ stderr }) => says(stderr, "deployer@demo.iam.gserviceaccount.com"),
  },
  { of: /^gcloud config set project/, check: async ({ stderr }) => says(stderr, "Updated property [core/project]") },
  { of: /^gcloud config list$/, check: async ({ stdout }, { project }) => says(stdout, `project = ${project}`) },

  {
    of: /gsutil mb -l us-central1 -p (\S+) gs:\/\/([\w-]+)\/?$/,
    check: async (_, { api }, [, __, name = ""]) =>
      is("its location", (await api("GET", bucket(name))).location, "US-CENTRAL1"),
  },
  {
    of: /gsutil mb -p luckygas-staging/,
    check: async (_, { api }) =>
      is(
        "its name",
        (await api("GET", bucket("luckygas-staging-terraform-state"))).name,
        "luckygas-staging-terraform-state",
      ),
  },
  {
    of: /^for env in stg prod; do gsutil mb/,
    check: async (_, { api }) => {
      for (const name of ["gaia-campaigns-stg", "gaia-campaigns-prod", "gaia-media-stg", "gaia-media-prod"])
        await api("GET", bucket(name));
      return undefined;
    },
  },
  {
    of: /^gsutil uniformbucketlevelaccess set on gs:\/\/(\S+)/,
    check: async (_, { api }, [, name = ""]) =>
      is("uniform access", (await api("GET", bucket(name))).iamConfiguration.uniformBucketLevelAccess.enabled, true),
  },
  {
    of: /^gsutil versioning set on gs:\/\/(\S+)/,
    check: async (_, { api }, [, name = ""]) =>
      is("versioning", (await api("GET", bucket(name))).versioning.enabled, true),
  },
  {
    of: /^gsutil defstorageclass set STANDARD gs:\/\/(\S+)/,
    check: async (_, { api }, [, name = ""]) =>
      is("its class", (await api("GET", bucket(name))).storageClass, "STANDARD"),
  },
  {
    of: /^for bucket in .*gaia-media-prod; do gsutil iam ch (serviceAccount:\S+?):(roles\/\S+)/,
    check: async (_, { api }, [, member = "", role = ""]) =>
      binds(await api("GET", `${bucket("gaia-media-prod")}/iam`), role, member),
  },
  {
    of: /^gsutil -m rsync -r frontend\/dist gs:\/\/(gaia-frontend-prod)$/,
    check: async (_, { api }, [, name = ""]) =>
      is(
        "what it holds",
        (await api("GET", `${bucket(name)}/o`)).items?.map((each: Answer) => each.name),
        ["assets/app.js", "index.html"],
      ),
  },
  {
    of: /^gsutil -m cp .*data.* gs:\/\/gaia-campaigns-prod\/(?:campaigns\/)?$/,
    check: async (_, { api }) =>
      says(
        JSON.stringify(
          (await api("GET", `${bucket("gaia-campaigns-prod")}/o`)).items?.map((each: Answer) => each.name),
        ),
        /a\.json/,
        /b\.json/,
      ),
  },

  {
    of: /^gcloud run deploy sync-hire-agent .*--memory=2Gi --cpu=2 --timeout=3600s/,
    check: async ({ stderr }, { api }) => {
      const found = await api("GET", service("sync-hire-agent"));
      return (
        says(stderr, "Service URL", /serving/) ??
        is("its state", found.terminalCondition.state, "CONDITION_SUCCEEDED") ??
        is("its memory", container(found).resources.limits.memory, "2Gi") ??
        is("its timeout", found.template.timeout, "3600s") ??
        is("its secrets", container(found).env.filter((each: Answer) => each.valueSource !== undefined).length, 5) ??
        binds(await api("GET", `${service("sync-hire-agent")}:getIamPolicy`), "roles/run.invoker", "allUsers")
      );
    },
  },
  {
    of: /^gcloud run services describe sync-hire-agent .*value\(status\.url\)/,
    check: async ({ stdout }) => says(stdout, /^https:\/\/sync-hire-agent-\S+\.run\.app\n$/),
  },
  {
    of: /^gcloud run services describe sync-hire-agent .*grep -i secret/,
    check: async ({ stdout }) => says(stdout, "secretKeyRef", "API_SECRET_KEY"),
  },
  {
    of: /^gcloud run services describe (\S+)(?: --region=us-central1)?$/,
    check: async ({ stdout }, _, [, name]) => says(stdout, `${name}`, "URL:", "Last updated on"),
  },
  {
    of: /^gcloud run services update (\S+) .*--(min-instances=2|set-env-vars="LOG_LEVEL_WEBRTC=DEBUG"|update-labels=restarted-at=20250122|min-instances=0 --max-instances=5|memory=1Gi|cpu-boost)/,
    check: async ({ stderr }, { api }, [, name = "", flag = ""]) => {
      const found = await api("GET", service(name));
      const now: Readonly<Record<string, unknown>> = {
        "min-instances=2": found.template.scaling?.minInstanceCount === 2,
        'set-env-vars="LOG_LEVEL_WEBRTC=DEBUG"': container(found).env.some(
          (each: Answer) => each.name === "LOG_LEVEL_WEBRTC" && each.value === "DEBUG",
        ),
        "update-labels=restarted-at=20250122": found.labels?.["restarted-at"] === "20250122",
        "min-instances=0 --max-instances=5":
          found.template.scaling?.maxInstanceCount === 5 && !found.template.scaling.minInstanceCount,
        "memory=1Gi": container(found).resources.limits.memory === "1Gi",
        "cpu-boost": container(found).resources.startupCpuBoost === true,
      };
      return says(stderr, /serving/) ?? is(`what ${flag} changed`, now[flag], true);
    },
  },
  {
    of: /^gcloud run revisions list --service=sync-hire-agent --region=us-central1$/,
    check: async ({ stdout }) => says(stdout, "REVISION", "sync-hire-agent-00001-", "sync-hire-agent-00002-"),
  },
  {
    of: /^gcloud run services logs read .*(severity>=(ERROR|WARNING)|callId)/,
    check: async ({ stdout }) => (stdout.includes("plain line") ? "the filter did not filter" : undefined),
  },
  { of: /^gcloud run services logs read sync-hire-agent/, check: async ({ stdout }) => says(stdout, "plain line") },

  {
    of: /logging tail .*severity>=ERROR/,
    check: async ({ stdout }) => (stdout.includes("plain line") ? "the filter did not filter" : undefined),
  },
  { of: /logging tail/, check: async ({ stderr }) => says(stderr, /tail|Initializing/i) },
  {
    of: /^gcloud logging read .*AccessSecretVersion/,
    check: async ({ stdout }) => (stdout.trim() === "" ? undefined : says(stdout, "AccessSecretVersion")),
  },
  {
    of: /^gcloud logging read "resource.type=cloud_run_revision"$/,
    check: async ({ stdout }) => says(stdout, "storymimi-api", "plain line"),
  },
  {
    of: /^gcloud logging read 'resource.type=cloud_scheduler_job'/,
    check: async ({ stdout }) => is("what it prints", stdout.trim(), ""),
  },
  {
    of: /^gcloud logging logs list --project=demo$/,
    check: async ({ stdout }) =>
      says(stdout, "projects/demo/logs/run.googleapis.com%2Fstdout", "cloudaudit.googleapis.com%2Factivity"),
  },
];
