import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../cloud.ts";
import { hello } from "../services/hello/index.ts";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const missing = !existsSync(executablePath);
if (missing)
  process.stderr.write(`skipped: web pages in a real browser: there is no ${executablePath} (apt install chromium)\n`);

let cloud: Cloud;
let browser: Browser;
beforeAll(async () => {
  if (missing) return;
  // With permissions off and a token in the address a page would need nothing else.
  cloud = await startCloud({ iam: "off", services: [hello], log: () => undefined });
  const rules = "MAP evil.example 127.0.0.1, MAP rebound.example 127.0.0.1";
  // The browser's own guard of this machine is off: it is ours that is tried.
  const off = "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests";
  const args = [off, `--host-resolver-rules=${rules}`, "--no-proxy-server", "--disable-gpu"];
  browser = await chromium.launch({ executablePath, chromiumSandbox: false, args });
});
afterAll(async () => {
  await browser?.close();
  await cloud?.close();
});

const path = "/hello.local.aloft/v1/projects/demo/greetings";

async function greetings(): Promise<number> {
  const response = await fetch(`${cloud.url}${path}`);
  expect(response.status).toBe(200);
  return ((await response.json()) as { greetings?: unknown[] }).greetings?.length ?? 0;
}

/** Everything that a page can do with an address: what it learnt is a status and a text, or that it was kept from it. */
const attempts = `async (url, id) => {
  const learnt = {};
  const get = async (name, init, at = url) => {
    learnt[name] = await fetch(at, init).then(
      async (response) => response.status + " " + (await response.text()),
      () => "kept",
    );
  };
  const body = JSON.stringify({ text: "written by a page" });
  await get("read", {});
  await get("opaque", { mode: "no-cors" });
  await get("write", { method: "POST", mode: "no-cors", body }, url + "?greetingId=" + id + "-post");
  await get(
    "json",
    { method: "POST", body, headers: { "content-type": "application/json" } },
    url + "?greetingId=" + id + "-json",
  );
  await get("admin", {}, new URL(url).origin + "/_aloft/v1/status");
  learnt.beacon = String(navigator.sendBeacon(url + "?greetingId=" + id + "-beacon", body));
  learnt.socket = await new Promise((resolve) => {
    const socket = new WebSocket(url.replace("http", "ws"));
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("kept");
  });
  const frame = document.createElement("iframe");
  frame.name = "sink";
  document.body.append(frame);
  const form = document.createElement("form");
  Object.assign(form, {
    method: "POST",
    action: url + "?greetingId=" + id + "-form",
    target: "sink",
    enctype: "text/plain",
  });
  const field = document.createElement("input");
  Object.assign(field, { name: '{"text":"', value: '"}' });
  form.append(field);
  document.body.append(form);
  const submitted = new Promise((resolve) => (frame.onload = resolve));
  form.submit();
  await submitted;
  return learnt;
}`;

function tryAll(page: Page, url: string, id: string): Promise<Record<string, string>> {
  return page.evaluate(`(${attempts})(${JSON.stringify(url)}, ${JSON.stringify(id)})`);
}

test.skipIf(missing)("web pages: one of another origin can neither read nor write, however it asks", async () => {
  const site = createServer((_req, res) => res.setHeader("content-type", "text/html").end("<body>evil</body>"));
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  const page = await browser.newPage();
  await page.goto(`http://evil.example:${(site.address() as AddressInfo).port}/`);
  const learnt = await tryAll(page, `${cloud.url}${path}`, "evil");
  expect(learnt).toMatchObject({ read: "kept", opaque: "0 ", json: "kept", admin: "kept", socket: "kept" });
  expect(await greetings()).toBe(0);
  await page.close();
  site.close();
});

test.skipIf(missing)("web pages: a name rebound to this machine reads nothing and writes nothing", async () => {
  const page = await browser.newPage();
  const origin = `http://rebound.example:${cloud.port}`;
  // The page came from the attacker's own server, before the name was pointed here.
  await page.route(`${origin}/`, (route) => route.fulfill({ contentType: "text/html", body: "<body>rebound</body>" }));
  await page.goto(`${origin}/`);
  const learnt = await tryAll(page, `${origin}${path}`, "rebound");
  for (const name of ["read", "json", "admin"]) expect(learnt[name], name).toMatch(/^403 .*does not stand for/s);
  expect(learnt.socket).toBe("kept");
  expect(await greetings()).toBe(0);
  await page.close();
});

test.skipIf(missing)("web pages: one of the cloud's own address could do all that", async () => {
  const page = await browser.newPage();
  await page.route(`${cloud.url}/`, (route) => route.fulfill({ contentType: "text/html", body: "<body>own</body>" }));
  await page.goto(`${cloud.url}/`);
  const learnt = await tryAll(page, `${cloud.url}${path}`, "own");
  expect(learnt.read).toMatch(/^200 /);
  expect(await greetings()).toBeGreaterThanOrEqual(3);
  await page.close();
});
