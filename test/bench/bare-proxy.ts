// The yardstick: the least a reverse proxy on this runtime can do. `bare-proxy.ts ORIGIN` prints its port.
import http from "node:http";
import { Pool } from "undici";

const pool = new Pool(process.argv[2]!, { pipelining: 1 });

const server = http.createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    pool.dispatch(
      {
        path: request.url!,
        method: "POST",
        headers: ["content-type", "application/json", "authorization", request.headers.authorization ?? ""],
        body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks),
      },
      {
        onRequestStart() {},
        onResponseStart(_, status, headers) {
          const type = String(headers["content-type"]);
          const length = headers["content-length"];
          response.writeHead(
            status,
            length ? ["content-type", type, "content-length", String(length)] : ["content-type", type],
          );
        },
        onResponseData(controller, chunk) {
          if (!response.write(chunk)) {
            controller.pause();
            response.once("drain", () => controller.resume());
          }
        },
        onResponseEnd() {
          response.end();
        },
        onResponseError() {
          response.destroy();
        },
      },
    );
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => console.log((server.address() as { port: number }).port));
