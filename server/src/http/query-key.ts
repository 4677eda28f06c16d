import type { IncomingHttpHeaders } from "node:http";
import type { HttpRequest } from "./listener.ts";

export function queryOf({ url = "" }: HttpRequest): URLSearchParams {
  const at = url.indexOf("?");
  return new URLSearchParams(at === -1 ? "" : url.slice(at + 1));
}

/**
 * The headers of a request, with the key that Google's clients may put into the query (`?key=`) where they could have put
 * it as well. Only on Google's paths: a secret in a URL is nothing to encourage.
 */
export function headersWithQueryKey(request: HttpRequest): IncomingHttpHeaders {
  const key = request.url?.includes("key=") ? queryOf(request).get("key") : null;
  if (!key) return request.headers;
  const sent = request.headers["x-goog-api-key"];
  // Sent twice it is joined like every header, so that two different keys are noticed.
  const both = sent === undefined || sent === key ? key : `${String(sent)}, ${key}`;
  return { ...request.headers, "x-goog-api-key": both };
}
