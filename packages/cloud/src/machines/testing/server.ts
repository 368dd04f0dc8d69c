/** A program that answers on PORT; what its tests need of it stands behind paths. */
export const server = `
const http = require("node:http");
const fs = require("node:fs");
const { env } = process;
if (env.CRASH) { console.error("cannot start: " + env.CRASH + " " + (env.TOKEN ?? "")); process.exit(3); }
console.log(JSON.stringify({ severity: "warning", message: "up", secretLength: (env.TOKEN ?? "").length }));
console.log("plain line");
let open = 0;
const answer = async (req, res) => {
  const url = new URL(req.url, "http://x");
  if (url.pathname === "/health" && fs.existsSync("/tmp/sick")) console.log("asked while sick");
  if (url.pathname === "/health") return res.writeHead(fs.existsSync("/tmp/sick") ? 503 : 200).end("ok");
  if (url.pathname === "/sick") { fs.writeFileSync("/tmp/sick", ""); return res.end(); }
  if (url.pathname === "/env") return res.end(JSON.stringify({ ...env, uid: process.getuid(), cwd: process.cwd() }));
  if (url.pathname === "/headers") return res.end(JSON.stringify(req.headers));
  if (url.pathname === "/eat") { globalThis.kept = Buffer.alloc(Number(url.searchParams.get("mib")) * 1048576, 1); return setTimeout(() => res.end(), 5000); }
  if (url.pathname === "/ping") {
    const asked = require("node:net").connect(Number(url.searchParams.get("port")), url.searchParams.get("host"), () => asked.write("PING\\r\\n"));
    return asked.once("data", (data) => { res.end(String(data).trim()); asked.destroy(); }).once("error", (error) => res.end(error.code)).once("close", () => res.end("closed"));
  }
  if (url.pathname === "/shell") return require("node:child_process").execFile(process.execPath, ["-e", url.searchParams.get("code")], (_, out) => res.end(out));
  if (url.pathname === "/fetch") return res.end(String((await fetch(url.searchParams.get("url"))).status));
  if (url.pathname === "/once") {
    if (req.socket.used) return req.socket.resetAndDestroy();
    req.socket.used = true;
  }
  if (url.pathname === "/exit") return process.exit(9);
  if (url.pathname === "/write") { const p = url.searchParams.get("path"); const had = fs.existsSync(p); fs.writeFileSync(p, "x"); return res.end(String(had)); }
  if (url.pathname === "/echo") { res.writeHead(201, { "x-made": "1" }); return req.pipe(res); }
  if (url.pathname === "/token") {
    const r = await fetch("http://" + env.GCE_METADATA_HOST + url.searchParams.get("path"), { headers: { "Metadata-Flavor": "Google" } });
    return res.writeHead(r.status).end(await r.text());
  }
  open++;
  const most = open;
  const ms = Number(url.searchParams.get("ms") ?? 0);
  if (ms > 0) await new Promise((done) => setTimeout(done, ms));
  open--;
  res.end(JSON.stringify({ revision: env.K_REVISION, pid: process.pid, open: most, instance: env.GCE_METADATA_HOST, url: req.url, from: req.socket.remotePort }));
};
const server = http.createServer(answer);
server.on("upgrade", (req, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nconnection: Upgrade\\r\\nupgrade: websocket\\r\\nx-url: " + req.url + "\\r\\n\\r\\n");
  socket.on("data", (data) => socket.write(data));
  socket.on("error", () => {});
});
const port = env.LISTEN_PORT ?? env.PORT;
if (port !== "none") server.listen(Number(port), env.LISTEN_HOST ?? "0.0.0.0", () => console.log("listening"));
else setInterval(() => {}, 1000);
process.on("SIGTERM", () => { console.log("draining"); server.close(() => process.exit(0)); });
`;
