import type { Result } from "../results.ts";
import type { Answered, CoveredApi, CoveredMethod } from "./methods.ts";

const words: Readonly<Record<Answered, string>> = {
  yes: "yes",
  untried: "partly: built, no outside client called it here",
  no: "no",
  none: "–",
};

/** `docs/coverage.md`. It claims what the last results show, and no more. */
export function pageOf(apis: readonly CoveredApi[], results: Readonly<Record<string, Result>>): string {
  const suites = Object.entries(results).map(([name, { counts, date, versions }]) => {
    const programs = Object.entries(versions).map(([program, version]) => `${program} ${version}`.trim());
    return `| ${name} | ${counts.ok} | ${counts.known} | ${counts.failed} | ${counts.skip} | ${date} | ${programs.join(", ")} |`;
  });
  const all = apis.flatMap((each) => each.methods);
  return `# Coverage

What of Google's APIs the local cloud answers, by method and door. **yes**: a client that was not written here, or a recorded
exchange of the real Google Cloud, called the method through this door in the last conformance run, and it answered. **partly**: it is
built, and no such client called it through this door. **no**: it answers UNIMPLEMENTED (gRPC) or 501 (REST) by its name. –: Google has
no such door for it. An answer is no promise of every field: the failed cases below are named in \`conformance/results.json\`.

What only Google can prove: capacity, DNS and certificates, real quotas, third parties, organisations and billing.

## The last results

\`npm run conformance -- NAME\` runs a suite.

| suite | ok | known differences | failed | skipped | on | with |
| --- | --- | --- | --- | --- | --- | --- |
${suites.join("\n")}

## APIs

| API | methods | over REST: yes | partly | no | over gRPC: yes | partly | no |
| --- | --- | --- | --- | --- | --- | --- | --- |
${apis.map((each) => row(`[${each.api}](#${anchor(each.api)})`, each.methods)).join("\n")}
${row("all", all)}

${apis.map(section).join("\n")}
This page is made by \`scripts/coverage.ts\` from the descriptors, the lists of handlers and the last conformance results.
`;
}

function row(name: string, methods: readonly CoveredMethod[]): string {
  const of = (door: "rest" | "grpc", answered: Answered): number =>
    methods.filter((each) => each[door] === answered).length;
  const figures = (["rest", "grpc"] as const).flatMap((door) =>
    (["yes", "untried", "no"] as const).map((each) => of(door, each)),
  );
  return `| ${[name, methods.length, ...figures].join(" | ")} |`;
}

function anchor(api: string): string {
  return api.replaceAll(".", "");
}

function section({ api, title, methods }: CoveredApi): string {
  const lines = methods.map(({ name, rest, grpc }) => `| \`${name}\` | ${words[rest]} | ${words[grpc]} |`);
  return `## ${api}

${title}

| method | REST | gRPC |
| --- | --- | --- |
${lines.join("\n")}
`;
}
