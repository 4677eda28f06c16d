import { createHash, createHmac } from "node:crypto";

/*
 * AWS Signature Version 4: a request is signed with a key made of the secret, the day, the region and the service, so that
 * the secret itself is never sent. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary keys. */
  readonly sessionToken?: string;
}

export interface SigningScope {
  readonly region: string;
  readonly service: string;
}

export interface UnsignedRequest {
  readonly method: string;
  /** As it is sent: with its query, and encoded. */
  readonly path: string;
  /** What is signed of the headers, `host` among them. The others may be changed on the way. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array | undefined;
}

type Header = readonly [name: string, value: string];

/** The headers that make a signed request of it. */
export function signV4(request: UnsignedRequest, keys: AwsKeys, scope: SigningScope, nowMs: number): Header[] {
  const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const added: Header[] = [["x-amz-date", time]];
  if (keys.sessionToken) added.push(["x-amz-security-token", keys.sessionToken]);
  const headers = canonicalHeaders([...request.headers, ...added]);
  const names = headers.map(([name]) => name).join(";");
  const canonical = [
    request.method,
    ...canonicalTarget(request.path),
    ...headers.map(([name, value]) => `${name}:${value}`),
    "",
    names,
    sha256(request.body ?? ""),
  ].join("\n");
  const day = time.slice(0, 8);
  const within = `${day}/${scope.region}/${scope.service}/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", time, within, sha256(canonical)].join("\n");
  const signature = hmac(signingKey(keys, scope, day), toSign).toString("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${within}, SignedHeaders=${names}, Signature=${signature}`;
  return [...added, ["authorization", authorization]];
}

/** By lower-case name in order; values of one name are joined in theirs. */
function canonicalHeaders(headers: readonly Header[]): Header[] {
  const values = new Map<string, string>();
  for (const [name, value] of headers) {
    const plain = value.trim().replace(/\s+/g, " ");
    const lower = name.toLowerCase();
    const before = values.get(lower);
    values.set(lower, before === undefined ? plain : `${before},${plain}`);
  }
  return [...values].sort(byCodePoint);
}

/** The path, encoded once more than it is sent, and the query with its parameters in order. */
function canonicalTarget(target: string): [path: string, query: string] {
  const mark = target.indexOf("?");
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? "" : target.slice(mark + 1);
  const parameters = query.split("&").filter((parameter) => parameter !== "");
  const pairs = parameters.map((parameter): Header => {
    const equals = parameter.indexOf("=");
    const [name, value] = equals === -1 ? [parameter, ""] : [parameter.slice(0, equals), parameter.slice(equals + 1)];
    return [encode(decodeURIComponent(name)), encode(decodeURIComponent(value))];
  });
  pairs.sort(byCodePoint);
  return [path.split("/").map(encode).join("/") || "/", pairs.map(([name, value]) => `${name}=${value}`).join("&")];
}

function byCodePoint([a, aValue]: Header, [b, bValue]: Header): number {
  if (a !== b) return a < b ? -1 : 1;
  if (aValue === bValue) return 0;
  return aValue < bValue ? -1 : 1;
}

/** Everything but letters, digits and `-._~`. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function signingKey({ secretAccessKey }: AwsKeys, { region, service }: SigningScope, day: string): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, day), region), service), "aws4_request");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
