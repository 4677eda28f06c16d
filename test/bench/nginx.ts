import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Measured } from "./process.ts";
import { stop } from "./process.ts";

/** nginx as a reverse proxy with one worker, for comparison. Undefined where it is not installed. */
export async function startNginx(directory: string, upstreamPort: number): Promise<Measured | undefined> {
  const program = ["/usr/sbin/nginx", "/usr/local/bin/nginx", "/opt/homebrew/bin/nginx"].find(existsSync);
  if (!program || spawnSync(program, ["-v"]).status !== 0) return undefined;
  const port = await freePort();
  const home = join(directory, "nginx");
  mkdirSync(home);
  const config = join(home, "nginx.conf");
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${home}/pid; error_log ${home}/error.log;
${process.getuid?.() === 0 ? "user root;" : ""}
events { worker_connections 4096; }
http {
  access_log off; client_body_temp_path ${home}; proxy_temp_path ${home};
  fastcgi_temp_path ${home}; uwsgi_temp_path ${home}; scgi_temp_path ${home};
  client_body_buffer_size 1m; keepalive_requests 1000000;
  upstream up { server 127.0.0.1:${upstreamPort}; keepalive 512; keepalive_requests 1000000; }
  server { listen 127.0.0.1:${port};
    location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; } }
}
`,
  );
  const child = spawn(program, ["-c", config, "-p", home], { stdio: "ignore" });
  for (let tries = 0; tries < 100 && !existsSync(`${home}/pid`); tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  // The worker does the work; the master only watches it.
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ");
  return { pid: Number(children[0]), port, stop: () => stop(child) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
