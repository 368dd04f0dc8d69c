/** `node bench/bare-server.ts H2PORT H1PORT`: answers every call with the same bytes, as little as Node can do. */
import { createServer } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";

const [h2, h1] = process.argv.slice(2).map(Number);
const json = Buffer.from(
  JSON.stringify({ name: "projects/1/secrets/s/versions/1", payload: { data: "aGVsbG8=", dataCrc32c: "2591144780" } }),
);
const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, 60]), Buffer.alloc(60, 1)]);

const server = createHttp2Server();
server.on("stream", (stream: ServerHttp2Stream) => {
  stream.on("data", () => {});
  stream.on("end", () => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(frame);
  });
});
server.listen(h2, "127.0.0.1");
createServer((req, res) => {
  req.resume();
  res.writeHead(200, { "content-type": "application/json; charset=UTF-8", "content-length": json.length });
  res.end(json);
}).listen(h1, "127.0.0.1");
