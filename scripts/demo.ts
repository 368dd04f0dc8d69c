/**
 * `npm run demo`: brings what is missing, starts the local cloud, deploys `examples/storymimi` to it, and has a story told.
 * Everything it does is an `aloft` command or a plain HTTP call; each is printed, to be typed again by hand.
 */
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const root = join(import.meta.dirname, "..");
const app = join(root, "examples/storymimi");
const aloft = join(root, "packages/aloft/bin/aloft.js");
const started = performance.now();

function say(text = ""): void {
  console.log(text);
}

/** Runs an `aloft` command in the app's folder, its output shown as it comes, and answers what it wrote to stdout. */
async function run(
  args: readonly string[],
  options: { readonly quiet?: boolean; readonly mayFail?: boolean } = {},
): Promise<string> {
  if (!options.quiet) say(`\n$ npx aloft ${args.join(" ")}`);
  const child = spawn(process.execPath, [aloft, ...args], {
    cwd: app,
    stdio: ["ignore", "pipe", options.quiet ? "pipe" : "inherit"],
  });
  let answer = "";
  child.stdout?.on("data", (data: Buffer) => {
    answer += data;
    if (!options.quiet) process.stdout.write(data);
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve(status ?? 1));
  });
  if (code !== 0 && !options.mayFail) {
    console.error(`\nThe demo stops here: \`npx aloft ${args.join(" ")}\` ended with ${code}.`);
    process.exit(1);
  }
  return answer;
}

function has(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" }).status === 0;
}

/** Debian packages that the demo needs (`required`) or runs better with. */
const programs = [
  { program: "redis-server", package: "redis-server", required: true },
  { program: "bwrap", package: "bubblewrap", required: false },
];

function bringPrograms(): void {
  const missing = programs.filter(({ program }) => !has(program));
  if (missing.length === 0) return;
  const names = missing.map((item) => item.package);
  const mayInstall = process.getuid?.() === 0 && has("apt-get");
  if (mayInstall) {
    say(`Installing ${names.join(" and ")} (apt-get) …`);
    const apt = (args: readonly string[]) =>
      spawnSync("apt-get", ["-qq", "-y", ...args], {
        stdio: ["ignore", "ignore", "pipe"],
        // A packaged redis-server would start a daemon of its own; the demo brings its own instance.
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
      });
    let result = apt(["install", "--no-install-recommends", ...names]);
    if (result.status !== 0) {
      apt(["update"]);
      result = apt(["install", "--no-install-recommends", ...names]);
    }
    if (result.status !== 0) console.error(String(result.stderr).trim());
  }
  const still = missing.filter(({ program, required }) => required && !has(program));
  if (still.length > 0) {
    console.error(
      `${still.map((item) => item.program).join(", ")} is missing. Type:  sudo apt-get install -y ${still.map((item) => item.package).join(" ")}`,
    );
    process.exit(1);
  }
}

interface Story {
  readonly id: string;
  readonly status: string;
  readonly result?: { readonly title?: string; readonly text?: string };
  readonly error?: string;
}

const heroes = [
  "a lighthouse",
  "a fox",
  "a postman",
  "a very small cloud",
  "a night train",
  "a clockmaker",
  "a tugboat",
  "a librarian",
];
const turns = [
  "who is afraid of the dark",
  "who collects echoes",
  "who only travels on rainy days",
  "who lost a Tuesday",
  "who fits on a laptop",
  "who writes to the moon",
  "who has never seen the sea",
];

/** Another one at each run. */
function newTopic(): string {
  const one = (list: readonly string[]) => list[Math.floor(Math.random() * list.length)] as string;
  return `${one(heroes)} ${one(turns)}`;
}

async function tellStory(url: string): Promise<Story> {
  const topic = newTopic();
  say(`\n$ curl -X POST ${url}/stories -H 'content-type: application/json' -d '{"topic":"${topic}"}'`);
  const posted = await fetch(`${url}/stories`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ topic }),
  });
  if (posted.status !== 202) throw new Error(`POST /stories answered ${posted.status}: ${await posted.text()}`);
  let story = (await posted.json()) as Story;
  say(`  accepted as ${story.id}: ${story.status}`);
  let last = story.status;
  for (const end = Date.now() + 30_000; Date.now() < end && !["done", "failed", "completed"].includes(story.status); ) {
    await sleep(100);
    story = (await (await fetch(`${url}/stories/${story.id}`)).json()) as Story;
    if (story.status !== last) say(`  ${story.status}`);
    last = story.status;
  }
  if (story.result === undefined)
    throw new Error(`the story ended as ${story.status}: ${story.error ?? "no reason given"}`);
  return story;
}

bringPrograms();
await run(["cloud", "start"]);
await run(["secrets", "import", ".env.example"]);
await run(["up", "--yes"]);

interface Status {
  readonly resources?: readonly { readonly address: string; readonly url?: string; readonly localUrl?: string }[];
}
const status = JSON.parse(await run(["status", "--json"], { quiet: true })) as Status;
const of = (address: string) => status.resources?.find((resource) => resource.address === address);
const api = of("service/api");
const worker = of("service/worker") ?? of("worker/worker");
if (api?.localUrl === undefined) {
  console.error("The API has no local URL; `npx aloft status` says more.");
  process.exit(1);
}
const story = await tellStory(api.localUrl);

say(`\n  ${story.result?.title ?? ""}\n`);
for (const line of (story.result?.text ?? "").split("\n")) say(`  ${line}`);
say(`
API            ${api.localUrl}            (${api.url ?? ""})
               ${api.localUrl}/health
Worker health  ${worker?.localUrl ?? "?"}/health  (private: curl -H "Authorization: Bearer $(npx aloft cloud token --audience ${worker?.url ?? ""})" …)

Look on, in examples/storymimi:
  npx aloft status          what runs
  npx aloft logs -f         what it says
  npx aloft open            the story page
Stop:
  npx aloft cloud stop      everything stops; the state is kept in .aloft/

Done in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
