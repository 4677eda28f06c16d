import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createProvider, pathOf, speakingFor } from "../providers/provider.ts";
import { readSettings } from "./settings.ts";

const clock = { nowMs: () => 1795000000000, monotonicMs: () => 0 };
const folder = mkdtempSync(join(tmpdir(), "pontage-clouds-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Fields = Readonly<Record<string, unknown>>;

/** The settings of the one provider of a type that the file or the environment has. */
function instance(type: string, fields: Fields | undefined, env: Record<string, string> = {}) {
  const file = join(folder, "pontage.yaml");
  const providers = fields ? { cloud: { type, ...fields } } : {};
  writeFileSync(file, JSON.stringify({ version: 1, providers }));
  return readSettings(env, { config: file }).providers.find((provider) => provider.type === type);
}

/** Where a generation goes: origin, path and dialect. */
function way(type: string, fields: Fields, env: Record<string, string>, model: string, door?: "openai-responses") {
  const provider = createProvider(instance(type, fields, env)!, clock);
  const speaking = speakingFor(provider, door, "generate", model)!;
  const of = (stream: boolean) => pathOf(speaking, "generate", stream, provider.deployments.get(model) ?? model);
  return { at: provider.baseUrl, whole: of(false), streamed: of(true), dialect: speaking.dialect.id };
}

describe("azure", () => {
  const resource = { base_url: "https://house.openai.azure.com" };
  const key = { ...resource, api_key: "azure-api-key" };
  const application = { tenant_id: "contoso", client_id: "app", client_secret: "of-the-application" };

  test.each([
    "https://house.openai.azure.com/",
    "https://house.openai.azure.com/openai",
    "https://house.openai.azure.com/openai/v1/",
  ])("%s is the resource", (baseUrl) => {
    expect(way("azure", { ...key, base_url: baseUrl }, {}, "gpt-5-mini")).toMatchObject({
      at: "https://house.openai.azure.com",
      whole: "/openai/v1/chat/completions",
    });
  });

  test("an API by date goes by deployments", () => {
    const dated = { ...key, api_version: "2025-04-01-preview", deployments: { "gpt-5-mini": "house mini" } };
    expect(way("azure", dated, {}, "gpt-5-mini").whole).toBe(
      "/openai/deployments/house%20mini/chat/completions?api-version=2025-04-01-preview",
    );
    expect(way("azure", dated, {}, "other").whole).toBe(
      "/openai/deployments/other/chat/completions?api-version=2025-04-01-preview",
    );
    expect(way("azure", dated, {}, "gpt-5-mini", "openai-responses").whole).toBe(
      "/openai/responses?api-version=2025-04-01-preview",
    );
  });

  test("previews of the undated API are asked for", () => {
    expect(way("azure", { ...key, api_version: "preview" }, {}, "m", "openai-responses").whole).toBe(
      "/openai/v1/responses?api-version=preview",
    );
    expect(way("azure", { ...key, api_version: "v1" }, {}, "m").whole).toBe("/openai/v1/chat/completions");
  });

  test("a key is sent in a header of its own", () => {
    const provider = createProvider(instance("azure", key)!, clock);
    expect(provider.speaks[0]!.headers.join(" ")).toContain("api-key azure-api-key");
    expect([provider.sign, provider.credential]).toEqual([undefined, undefined]);
  });

  test("an application of Entra ID, from the file or from Microsoft's own variables", () => {
    const identity = {
      kind: "entra-application",
      authority: "https://login.microsoftonline.com",
      tenantId: "contoso",
      clientId: "app",
      proof: { secret: "of-the-application" },
    };
    expect(instance("azure", { ...resource, ...application })).toMatchObject({ identity });
    const cluster = {
      AZURE_TENANT_ID: "contoso",
      AZURE_CLIENT_ID: "app",
      AZURE_FEDERATED_TOKEN_FILE: "/var/run/token",
    };
    const env = { ...cluster, AZURE_CLIENT_SECRET: "of-the-application" };
    expect(instance("azure", resource, env)).toMatchObject({ identity, credentialSource: "AZURE_CLIENT_SECRET" });
    expect(
      instance("azure", resource, { ...env, AZURE_AUTHORITY_HOST: "https://login.microsoftonline.us/" }),
    ).toMatchObject({
      identity: { authority: "https://login.microsoftonline.us" },
    });
    expect(instance("azure", resource, cluster)).toMatchObject({
      identity: { proof: { tokenFile: "/var/run/token" } },
    });
    // A key of the resource goes before it, unless the file names the application.
    const withKey = { ...env, AZURE_OPENAI_API_KEY: "of-the-resource" };
    expect(instance("azure", resource, withKey)).toMatchObject({ credential: "of-the-resource" });
    expect(instance("azure", { ...resource, ...application }, withKey)).toMatchObject({ identity });
    const { withoutSecrets } = createProvider(instance("azure", { ...resource, ...application })!, clock);
    expect(withoutSecrets("not of-the-application")).toBe("not [removed]");
  });

  test("a managed identity", () => {
    const app = { IDENTITY_ENDPOINT: "http://localhost:42356/msi/token", IDENTITY_HEADER: "853b9a84" };
    const managed = { ...resource, managed_identity: true };
    expect(instance("azure", managed)).toMatchObject({
      identity: { kind: "entra-managed", metadataUrl: "http://169.254.169.254" },
      credentialSource: "the managed identity",
    });
    expect(instance("azure", { ...managed, client_id: "c" }, app)).toMatchObject({
      identity: { clientId: "c", endpoint: { url: app.IDENTITY_ENDPOINT, secret: "853b9a84" } },
    });
  });

  test("without a file it is found where key and resource are both in the environment", () => {
    const env = { AZURE_OPENAI_API_KEY: "k", AZURE_OPENAI_ENDPOINT: "https://house.openai.azure.com/" };
    expect(instance("azure", undefined, { ...env, OPENAI_API_VERSION: "2024-10-21" })).toMatchObject({
      name: "azure",
      baseUrl: "https://house.openai.azure.com",
      apiVersion: "2024-10-21",
      credential: "k",
    });
    expect(instance("azure", undefined, { AZURE_OPENAI_API_KEY: "k" })).toBeUndefined();
  });
});

describe("vertex", () => {
  const key = {
    type: "service_account",
    project_id: "from-the-key",
    private_key_id: "key-7",
    private_key: "in PEM",
    client_email: "gateway@project.iam.gserviceaccount.com",
    token_uri: "https://oauth2.googleapis.com/token",
  };
  const file = join(folder, "key.json");
  const credentials = (wire: object | string) => {
    writeFileSync(file, typeof wire === "string" ? wire : JSON.stringify(wire));
    return { credentials_file: file };
  };

  test.each([
    ["us-central1", "https://us-central1-aiplatform.googleapis.com"],
    ["global", "https://aiplatform.googleapis.com"],
    ["eu", "https://aiplatform.eu.rep.googleapis.com"],
  ])("at %s it is at %s", (location, at) => {
    const fields = { ...credentials(key), location, project: "mine" };
    const below = `/v1/projects/mine/locations/${location}/publishers`;
    expect(way("vertex", fields, {}, "gemini-2.5-flash")).toEqual({
      at,
      whole: `${below}/google/models/gemini-2.5-flash:generateContent`,
      streamed: `${below}/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse`,
      dialect: "gemini",
    });
    expect(way("vertex", fields, {}, "claude-sonnet-4-5@20250929")).toEqual({
      at,
      whole: `${below}/anthropic/models/claude-sonnet-4-5@20250929:rawPredict`,
      streamed: `${below}/anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict`,
      dialect: "anthropic-messages",
    });
  });

  test("a service account's key says who it is, and its project unless somebody else does", () => {
    expect(instance("vertex", credentials(key))).toMatchObject({
      project: "from-the-key",
      location: "global",
      credentialSource: file,
      identity: {
        kind: "google-service-account",
        email: "gateway@project.iam.gserviceaccount.com",
        privateKey: "in PEM",
        keyId: "key-7",
        tokenUrl: "https://oauth2.googleapis.com/token",
      },
    });
    const env = { GOOGLE_CLOUD_PROJECT: "from-env", GOOGLE_CLOUD_LOCATION: "eu" };
    expect(instance("vertex", credentials(key), env)).toMatchObject({ project: "from-env", location: "eu" });
    expect(instance("vertex", { ...credentials(key), project: "p", location: "us" }, env)).toMatchObject({
      project: "p",
      location: "us",
    });
  });

  test("what gcloud leaves of a person", () => {
    const person = { type: "authorized_user", client_id: "i", client_secret: "s", refresh_token: "r" };
    expect(instance("vertex", { ...credentials(person), project: "p" })).toMatchObject({
      identity: { kind: "google-user", clientId: "i", clientSecret: "s", refreshToken: "r" },
    });
  });

  test("without a file of Google's the metadata server is asked", () => {
    expect(instance("vertex", { project: "p" }, { GCE_METADATA_HOST: "127.0.0.1:9" })).toMatchObject({
      identity: { kind: "google-metadata", metadataUrl: "http://127.0.0.1:9" },
      credentialSource: "the metadata server",
    });
  });

  test("without our file it is found where key and project are both in the environment", () => {
    credentials(key);
    const env = { GOOGLE_APPLICATION_CREDENTIALS: file, GOOGLE_CLOUD_PROJECT: "p" };
    expect(instance("vertex", undefined, env)).toMatchObject({ name: "vertex", project: "p" });
    expect(instance("vertex", undefined, { GOOGLE_APPLICATION_CREDENTIALS: file })).toBeUndefined();
  });

  test.each<[words: RegExp, wire: object | string]>([
    [/: they are not JSON\. Name another file/, '{"private_key": "secret'],
    [/: `private_key` is missing\./, { ...key, private_key: "" }],
    [/: their type is "external_account", and only service_account/, { type: "external_account" }],
  ])("credentials that cannot be used: %s", (words, wire) => {
    const fields = credentials(wire);
    expect(() => instance("vertex", fields)).toThrow(words);
    expect(() => instance("vertex", fields)).toThrow(/^Provider cloud cannot use the credentials in /);
    expect(() => instance("vertex", fields)).not.toThrow(/secret|PEM/);
  });

  test("credentials that are not there", () => {
    expect(() => instance("vertex", { credentials_file: join(folder, "none.json") })).toThrow(/no such file/);
  });

  test("a project that nobody says", () => {
    const settings = instance("vertex", {})!;
    expect(() => createProvider(settings, clock)).toThrow(
      /^Provider cloud \(vertex\) needs a project: set `project` or GOOGLE_CLOUD_PROJECT\.$/,
    );
  });
});

describe("bedrock", () => {
  const region = { region: "eu-central-1" };

  test("a profile, or AWS's own search, in the place of keys", () => {
    expect(instance("bedrock", { ...region, profile: "team" })).toMatchObject({
      identity: { kind: "aws-search", profile: "team" },
      credentialSource: "the AWS profile team",
    });
    const found = instance("bedrock", { ...region, credential_search: true }, { AWS_BEARER_TOKEN_BEDROCK: "k" })!;
    expect(found).toMatchObject({ identity: { kind: "aws-search" } });
    expect(found.credential).toBeUndefined();
  });

  test("an Anthropic client reaches Claude in Claude's own words, and all other models by Converse", () => {
    const provider = createProvider(instance("bedrock", { ...region, profile: "team" })!, clock);
    const claude = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
    const profile = "arn:aws:bedrock:eu-central-1:1:application-inference-profile/abc";
    const spoken = (model: string, door?: "anthropic-messages") =>
      speakingFor(provider, door, "generate", model)?.dialect.id;
    expect(spoken(claude, "anthropic-messages")).toBe("anthropic-messages");
    expect(spoken(claude)).toBe("bedrock-converse");
    expect(spoken("amazon.nova-pro-v1:0", "anthropic-messages")).toBe("bedrock-converse");
    expect(spoken(profile, "anthropic-messages")).toBe("bedrock-converse");
    expect(speakingFor(provider, "anthropic-messages", "count-tokens", claude)?.dialect.id).toBe("bedrock-converse");
    expect(provider.modelLists.origin).toBe("https://bedrock.eu-central-1.amazonaws.com");
  });
});

describe("what cannot be meant is refused where it stands", () => {
  test.each<[words: RegExp, type: string, fields: Fields]>([
    [/cloud\.managed_identity: cannot stand beside `api_key`/, "azure", { api_key: "k", managed_identity: true }],
    [
      /cloud\.client_secret: cannot stand beside `api_key`/,
      "azure",
      { api_key: "k", client_id: "c", client_secret: "s" },
    ],
    [/cloud\.client_secret: `client_id` is missing/, "azure", { client_secret: "s" }],
    [/cloud\.region: a provider of type azure has none/, "azure", { api_key: "k", region: "us-east-1" }],
    [/cloud\.api_version: .*\^\(/, "azure", { api_key: "k", api_version: "latest" }],
    [/Provider cloud has no credential\. Give it `api_key`, or `tenant_id`/, "azure", {}],
    [/cloud\.api_key: Vertex AI takes none/, "vertex", { api_key: "k" }],
    [/cloud\.project: a provider of type openai has none/, "openai", { project: "p" }],
    [
      /cloud\.profile: cannot stand beside `access_key_id`/,
      "bedrock",
      { access_key_id: "a", secret_access_key: "s", profile: "p" },
    ],
    [/cloud\.credential_search: cannot stand beside `profile`/, "bedrock", { profile: "p", credential_search: true }],
  ])("%s", (words, type, fields) => {
    expect(() => instance(type, { base_url: "https://house.openai.azure.com", ...fields })).toThrow(words);
  });

  test("what is said to be false is not said", () => {
    const fields = { base_url: "https://house.openai.azure.com", api_key: "k", managed_identity: false };
    expect(instance("azure", fields)).toMatchObject({ credential: "k" });
  });

  test("azure without an address", () => {
    const settings = instance("azure", { api_key: "k" })!;
    expect(() => createProvider(settings, clock)).toThrow(/^Provider cloud \(azure\) needs a base_url\.$/);
  });
});
