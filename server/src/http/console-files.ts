import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import type { HttpRequest, HttpResponse } from "./listener.ts";
import { writeHead } from "./write-head.ts";

export type ConsoleFiles = (path: string, request: HttpRequest, response: HttpResponse) => void;

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".ico": "image/x-icon",
  ".json": "application/json",
  ".txt": "text/plain; charset=utf-8",
};

/** The console may load from and talk to its own origin, and nothing else. */
const security = [
  ...[
    "content-security-policy",
    [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      "font-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ].join("; "),
  ],
  ...["x-content-type-options", "nosniff", "referrer-policy", "no-referrer", "x-frame-options", "DENY"],
];

/**
 * Serves the built console from memory. Files are read once, at start, so that no path a client sends ever reaches the
 * file system; every other path below /console is a page, which the console's own router knows.
 */
export function consoleFiles(directory: string): ConsoleFiles {
  const files = new Map<string, { readonly type: string; readonly body: Buffer }>();
  if (existsSync(directory)) {
    for (const path of filesBelow(directory)) {
      const name = relative(directory, path).split(sep).join("/");
      files.set(`/console/${name}`, {
        type: types[extname(path)] ?? "application/octet-stream",
        body: readFileSync(path),
      });
    }
  }
  const page = files.get("/console/index.html");
  return (path, request, response) => {
    const file = files.get(path) ?? (path.startsWith("/console/assets/") ? undefined : page);
    if (request.method !== "GET" && request.method !== "HEAD") {
      writeHead(response, 405, ["allow", "GET, HEAD"]);
      return void response.end();
    }
    if (!file) {
      writeHead(response, 404, ["content-type", "text/plain; charset=utf-8"]);
      return void response.end("The console is not built. Run `npm run build:web`.\n");
    }
    // The names of assets change with their content.
    const cache = path.startsWith("/console/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
    writeHead(response, 200, [
      ...["content-type", file.type, "content-length", String(file.body.length), "cache-control", cache],
      ...security,
    ]);
    response.end(request.method === "HEAD" ? "" : file.body);
  };
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    return statSync(path).isDirectory() ? filesBelow(path) : path;
  });
}
