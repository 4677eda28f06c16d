import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sigV4 } from "./auth.ts";
import { signV4 } from "./sigv4.ts";

/** AWS's own vectors for signers: see `test/fixtures/SOURCES.md`. */
const root = join(import.meta.dirname, "../../../test/fixtures/aws/signature-v4");

interface Context {
  readonly credentials: {
    readonly access_key_id: string;
    readonly secret_access_key: string;
    readonly token?: string;
  };
  readonly omit_session_token?: boolean;
  readonly region: string;
  readonly service: string;
  readonly sign_body: boolean;
  readonly timestamp: string;
}

describe("AWS's test suite", () => {
  test.each(readdirSync(root))("%s", (name) => {
    const read = (file: string) => readFileSync(join(root, name, file), "utf8");
    const context = JSON.parse(read("context.json")) as Context;
    const { method, path, headers, body } = parsed(read("request.txt"));
    // The suite signs the body's hash as a header too where it says so.
    if (context.sign_body) headers.push(["x-amz-content-sha256", createHash("sha256").update(body).digest("hex")]);
    const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, token } = context.credentials;
    const session = token && !context.omit_session_token ? { sessionToken: token } : {};
    const signed = signV4(
      { method, path, headers, body: Buffer.from(body) },
      { accessKeyId, secretAccessKey, ...session },
      { region: context.region, service: context.service },
      Date.parse(context.timestamp),
    );
    const authorization = new Map(signed).get("authorization");
    expect(/Signature=(\w+)$/.exec(authorization ?? "")?.[1]).toBe(read("header-signature.txt").trim());
  });
});

/** A request as HTTP writes it. A line that begins with a blank goes on with the header before it. */
function parsed(text: string) {
  const [head = "", ...rest] = text.replaceAll("\r\n", "\n").split("\n\n");
  const [first = "", ...lines] = head.split("\n");
  const [, method = "", path = ""] = /^(\S+) (.*) HTTP\/1\.1$/.exec(first) ?? [];
  const headers: [string, string][] = [];
  for (const line of lines.filter((one) => one !== "")) {
    const last = headers.at(-1);
    if (/^\s/.test(line) && last) last[1] += `\n${line}`;
    else headers.push([line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]);
  }
  return { method, path, headers, body: rest.join("\n\n") };
}

describe("a call of Bedrock's", () => {
  const keys = {
    accessKeyId: "AKIDEXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    sessionToken: "FwoGZXIvYXdzEXAMPLE",
  };
  const sign = sigV4("bedrock")({ region: "us-east-1", keys: () => keys });
  const request = {
    host: "bedrock-runtime.us-east-1.amazonaws.com",
    method: "POST",
    path: "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream",
    headers: ["content-type", "application/json", "user-agent", "pontage"],
    body: Buffer.from('{"messages":[]}'),
  };

  test("is signed as AWS's JavaScript library signs it", () => {
    expect(sign(request, 1795000000000)).toEqual([
      ...["x-amz-date", "20261118T110640Z"],
      ...["x-amz-security-token", "FwoGZXIvYXdzEXAMPLE"],
      "authorization",
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261118/us-east-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=20250a7258fe06733983f4f009a9560706764f933867d1c157fc063d508fe4d5",
    ]);
  });

  test("has another signature when a byte of the body, the path or the time is another", () => {
    const signatures = [
      sign(request, 1795000000000),
      sign({ ...request, body: Buffer.from('{"messages":[ ]}') }, 1795000000000),
      sign({ ...request, path: request.path.replace("sonnet", "opus") }, 1795000000000),
      sign(request, 1795000001000),
    ].map((headers) => headers.at(-1));
    expect(new Set(signatures).size).toBe(4);
  });

  test("AWS's own headers of an operator are signed too, others are not", () => {
    const headers = [...request.headers, "x-amzn-bedrock-trace", "ENABLED", "x-team", "a"];
    expect(sign({ ...request, headers }, 1795000000000).at(-1)).toContain(
      "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amzn-bedrock-trace,",
    );
  });
});
