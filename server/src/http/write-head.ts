import http from "node:http";
import type { RawHeaders } from "./answer-headers.ts";
import type { HttpResponse } from "./listener.ts";

/** Headers that HTTP/2 forbids. RFC 9113, section 8.2.2. */
const http1Only = new Set(["connection", "keep-alive"]);

/** Writes status and headers, for HTTP/1 as the raw list that is cheapest there. */
export function writeHead(response: HttpResponse, status: number, headers: RawHeaders): void {
  if (response instanceof http.ServerResponse) {
    response.writeHead(status, headers);
    return;
  }
  const record: Record<string, string> = {};
  for (let i = 0; i < headers.length; i += 2) {
    if (!http1Only.has(headers[i]!)) record[headers[i]!] = headers[i + 1]!;
  }
  (response as http.ServerResponse).writeHead(status, record);
}
