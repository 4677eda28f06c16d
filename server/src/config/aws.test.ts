import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createProvider } from "../providers/provider.ts";
import { readSettings } from "./settings.ts";

const clock = { nowMs: () => 1795000000000, monotonicMs: () => 0 };
const folder = mkdtempSync(join(tmpdir(), "pontage-aws-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The settings of the one provider that the file or the environment has, beside the simulated one. */
function bedrock(fields: object | undefined, env: Record<string, string> = {}) {
  const file = join(folder, "pontage.yaml");
  const providers = fields ? { aws: { type: "bedrock", ...fields } } : {};
  writeFileSync(file, JSON.stringify({ version: 1, providers }));
  const { providers: found } = readSettings(env, { config: file });
  return found.find(({ type }) => type === "bedrock");
}

const keys = { access_key_id: "AKIDEXAMPLE", secret_access_key: "secret-secret" };
const inEnv = { AWS_ACCESS_KEY_ID: "AKIDFROMENV", AWS_SECRET_ACCESS_KEY: "from-environment" };

describe("who an instance of bedrock is", () => {
  test("its keys and region are in the file", () => {
    const settings = bedrock({ ...keys, session_token: "t", region: "eu-central-1" }, { ...inEnv, AWS_REGION: "x" })!;
    expect(settings).toMatchObject({
      region: "eu-central-1",
      awsKeys: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret-secret", sessionToken: "t" },
    });
    expect(settings.credential).toBeUndefined();
    const provider = createProvider(settings, clock);
    expect(provider.baseUrl).toBe("https://bedrock-runtime.eu-central-1.amazonaws.com");
    expect(provider.sign).toBeDefined();
  });

  test("a key that is sent needs no signature", () => {
    const settings = bedrock({ api_key: "bedrock-api-key", region: "us-east-1" }, inEnv)!;
    const provider = createProvider(settings, clock);
    expect(provider.sign).toBeUndefined();
    expect(provider.speaks[0]!.headers.join(" ")).toContain("authorization Bearer bedrock-api-key");
  });

  test("what the file leaves out is in AWS's own variables", () => {
    expect(bedrock({}, { ...inEnv, AWS_SESSION_TOKEN: "t", AWS_DEFAULT_REGION: "us-west-2" })).toMatchObject({
      region: "us-west-2",
      awsKeys: { accessKeyId: "AKIDFROMENV", secretAccessKey: "from-environment", sessionToken: "t" },
      credentialSource: "AWS_ACCESS_KEY_ID",
    });
    expect(bedrock({}, { ...inEnv, AWS_BEARER_TOKEN_BEDROCK: "k", AWS_REGION: "us-west-2" })).toMatchObject({
      credential: "k",
      credentialSource: "AWS_BEARER_TOKEN_BEDROCK",
    });
  });

  test("without a file it is found where keys and region are both in the environment", () => {
    expect(bedrock(undefined, { ...inEnv, AWS_REGION: "us-east-1" })).toMatchObject({ name: "bedrock" });
    expect(bedrock(undefined, inEnv)).toBeUndefined();
    expect(bedrock(undefined, { AWS_ACCESS_KEY_ID: "a", AWS_REGION: "us-east-1" })).toBeUndefined();
  });

  test("an address of the operator's own is used as it is, and its host is signed", () => {
    const settings = bedrock({ ...keys, region: "us-east-1", base_url: "https://vpce-1.example.com:8443/aws" })!;
    const provider = createProvider(settings, clock);
    expect(provider.baseUrl).toBe("https://vpce-1.example.com:8443/aws");
    expect(provider.speaks[0]!.paths.generate).toBe("/aws/model/{model}/converse");
    expect(
      provider.sign!({ host: provider.host, method: "POST", path: "/", headers: [], body: undefined }).at(-1),
    ).toContain("SignedHeaders=host;x-amz-date,");
  });

  test("no secret of it is in its words", () => {
    const settings = bedrock({ ...keys, session_token: "temporary-token", region: "us-east-1" })!;
    const { withoutSecrets } = createProvider(settings, clock);
    expect(withoutSecrets("The key secret-secret with temporary-token is not valid")).toBe(
      "The key [removed] with [removed] is not valid",
    );
  });
});

describe("what cannot be meant is refused where it stands", () => {
  test.each<[words: RegExp, fields: object]>([
    [/aws\.access_key_id: `secret_access_key` is missing/, { access_key_id: "a", region: "us-east-1" }],
    [/aws\.secret_access_key: `access_key_id` is missing/, { secret_access_key: "a", region: "us-east-1" }],
    [/aws\.session_token: `access_key_id` is missing/, { api_key: "k", session_token: "a" }],
    [/aws\.api_key: cannot stand beside `access_key_id`/, { ...keys, api_key: "k" }],
    [/aws\.region: .*\^\[a-z0-9-\]/, { ...keys, region: "US East!" }],
    [/Provider aws has no credential\. Give it `api_key`, or/, { region: "us-east-1" }],
  ])("%s", (words, fields) => {
    expect(() => bedrock(fields)).toThrow(words);
  });

  test("a region of a provider that has none", () => {
    const file = join(folder, "other.yaml");
    writeFileSync(file, "version: 1\nproviders:\n  a:\n    type: openai\n    region: us-east-1\n");
    expect(() => readSettings({}, { config: file })).toThrow(
      /:5:5 {2}providers\.a\.region: a provider of type openai has none/,
    );
  });

  test("an instance that nobody says where it is", () => {
    expect(() => createProvider(bedrock(keys)!, clock)).toThrow(
      /^Provider aws \(bedrock\) needs a region: set `region` or AWS_REGION\.$/,
    );
  });
});
