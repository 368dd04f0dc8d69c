import { checkEmail } from "./email.ts";
import type { LocalCloud } from "./ensure.ts";
import { javaOptions } from "./java-trust.ts";
import { requiring } from "./node-agents.ts";
import { type ProgramFiles, writeProgramFiles } from "./program-files.ts";

export interface ProgramOptions {
  /** A service account's e-mail; the laptop's user by default. */
  readonly as?: string;
  readonly project?: string;
  /** Hosts that the program reaches without the local cloud between. */
  readonly pass?: readonly string[];
  readonly environ: NodeJS.ProcessEnv;
}

/** Variables of a program that is to take the local cloud for Google; undefined: it must not have this one. */
export type ProgramEnv = Readonly<Record<string, string | undefined>>;

const owner = "you@local.aloft";
const tokenLifetimeS = 12 * 3600;

/** Makes what a program needs to be this identity at the local cloud, and the variables that tell it so. */
export async function programEnv(cloud: LocalCloud, options: ProgramOptions): Promise<ProgramEnv> {
  const { as, project, pass = [], environ } = options;
  checkEmail(as, "aloft exec --as EMAIL -- COMMAND");
  const { admin, dir } = cloud;
  const [{ token: accessToken }, refreshToken, ca] = await Promise.all([
    admin.token({ ...(as === undefined ? {} : { as }), lifetimeS: tokenLifetimeS }),
    admin.refreshToken(as),
    admin.ca(),
  ]);
  const { hostname: host, port } = new URL(cloud.origin);
  const proxy = { host, port: Number(port) };
  const { bundle } = ca.files;
  const identity = { email: as ?? owner, accessToken, refreshToken };
  const java = await javaOptions({
    ...{ dir, proxy, pass, environ },
    ca: { certificate: ca.certificate, file: ca.files.certificate },
  });
  const files = writeProgramFiles({ dir, identity, proxy, bundle, project });
  return {
    ...throughProxy(proxy, pass),
    ...trusting(bundle),
    ...gcloudOf(proxy, bundle, files),
    ...withoutOthers(environ),
    ...(java === undefined ? {} : { JAVA_TOOL_OPTIONS: java }),
    NODE_OPTIONS: requiring(files.nodeAgents, environ.NODE_OPTIONS),
    GOOGLE_APPLICATION_CREDENTIALS: files.credentials,
    BOTO_CONFIG: files.boto,
    ...(project === undefined ? {} : projectOf(project)),
    // A real virtual machine's metadata server must not be asked either.
    GCE_METADATA_HOST: `${host}:${port}`,
    GCE_METADATA_IP: `${host}:${port}`,
    GCE_METADATA_ROOT: `${host}:${port}`,
    ALOFT_CLOUD: `${host}:${port}`,
    ALOFT_CLOUD_DIR: dir,
  };
}

function throughProxy(
  { host, port }: { readonly host: string; readonly port: number },
  pass: readonly string[],
): ProgramEnv {
  const proxy = `http://${host}:${port}`;
  // A leading dot is what most programs understand for a whole domain.
  const direct = ["localhost", "127.0.0.1", "::1", ...pass.map((each) => each.replace(/^\*\./, "."))].join(",");
  return {
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    HTTP_PROXY: proxy,
    http_proxy: proxy,
    ALL_PROXY: undefined,
    all_proxy: undefined,
    grpc_proxy: undefined,
    NO_PROXY: direct,
    no_proxy: direct,
    no_grpc_proxy: undefined,
    NODE_USE_ENV_PROXY: "1",
  };
}

/** Every variable names one bundle, so that hosts which are only tunnelled still verify. */
function trusting(bundle: string): ProgramEnv {
  return {
    NODE_EXTRA_CA_CERTS: bundle,
    SSL_CERT_FILE: bundle,
    REQUESTS_CA_BUNDLE: bundle,
    CURL_CA_BUNDLE: bundle,
    HTTPLIB2_CA_CERTS: bundle,
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: bundle,
  };
}

function gcloudOf(
  { host, port }: { readonly host: string; readonly port: number },
  bundle: string,
  files: ProgramFiles,
): ProgramEnv {
  return {
    CLOUDSDK_CONFIG: files.gcloud,
    CLOUDSDK_ACTIVE_CONFIG_NAME: undefined,
    CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: files.token,
    CLOUDSDK_AUTH_ACCESS_TOKEN: undefined,
    CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE: undefined,
    CLOUDSDK_AUTH_DISABLE_CREDENTIALS: undefined,
    CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT: undefined,
    CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: bundle,
    CLOUDSDK_PROXY_TYPE: "http",
    CLOUDSDK_PROXY_ADDRESS: host,
    CLOUDSDK_PROXY_PORT: String(port),
    CLOUDSDK_PROXY_USERNAME: undefined,
    CLOUDSDK_PROXY_PASSWORD: undefined,
    CLOUDSDK_CORE_CHECK_GCE_METADATA: "false",
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: "true",
    CLOUDSDK_CORE_PASS_CREDENTIALS_TO_GSUTIL: "false",
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: "true",
    CLOUDSDK_SURVEY_DISABLE_PROMPTS: "true",
  };
}

function projectOf(project: string): ProgramEnv {
  return {
    CLOUDSDK_CORE_PROJECT: project,
    GOOGLE_CLOUD_PROJECT: project,
    GCLOUD_PROJECT: project,
    GOOGLE_PROJECT: project,
  };
}

/** The user's own ways to the real Google or to another emulator, which would win over what is set here. */
function withoutOthers(environ: NodeJS.ProcessEnv): ProgramEnv {
  const endpoints = /^CLOUDSDK_API_ENDPOINT_OVERRIDES_|^GOOGLE_\w+_CUSTOM_ENDPOINT$|^\w+_EMULATOR_HOST$/;
  const names = [
    ...Object.keys(environ).filter((name) => endpoints.test(name)),
    ...["GOOGLE_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "GCLOUD_KEYFILE_JSON", "GOOGLE_BACKEND_CREDENTIALS"],
    ...["GOOGLE_OAUTH_ACCESS_TOKEN", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"],
    ...["GOOGLE_BACKEND_IMPERSONATE_SERVICE_ACCOUNT", "GOOGLE_API_USE_CLIENT_CERTIFICATE"],
    ...["GOOGLE_API_USE_MTLS_ENDPOINT", "CLOUDSDK_CONTEXT_AWARE_USE_CLIENT_CERTIFICATE"],
    ...["NO_GCE_CHECK", "METADATA_SERVER_DETECTION"],
  ];
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

/** The environment of the child: the user's with these set. */
export function childEnv(environ: NodeJS.ProcessEnv, set: ProgramEnv): NodeJS.ProcessEnv {
  const all = Object.entries({ ...environ, ...set });
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}
