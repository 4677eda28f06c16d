import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { type Endpoint, startEndpoint } from "./endpoint.fixture.ts";
import { proofOf } from "./identity.ts";

/* AWS's own library does the search. What is tested is that it is asked as meant, and again when keys end. */

const folder = mkdtempSync(join(tmpdir(), "pontage-aws-search-"));
afterAll(() => rmSync(folder, { recursive: true }));

let endpoint: Endpoint | undefined;
beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  vi.stubEnv("AWS_CONFIG_FILE", join(folder, "config"));
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(folder, "credentials"));
  writeFileSync(join(folder, "config"), "");
  writeFileSync(join(folder, "credentials"), "");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await endpoint?.close();
  endpoint = undefined;
});

function search(profile?: string) {
  let passedMs = 0;
  const startMs = Date.now();
  const clock = { nowMs: () => startMs + passedMs, monotonicMs: () => passedMs };
  const identity = { kind: "aws-search", ...(profile !== undefined && { profile }) } as const;
  const proof = proofOf(identity, { name: "aws", region: "us-east-1", clock, withoutSecrets: (words) => words });
  return {
    proof,
    pass(ms: number) {
      passedMs += ms;
    },
  };
}

const writeKeys = (id: string) =>
  writeFileSync(
    join(folder, "credentials"),
    `[default]\naws_access_key_id = WRONG\naws_secret_access_key = wrong\n\n[team]\naws_access_key_id = ${id}\naws_secret_access_key = of-team\n`,
  );

test("a profile's keys are those of its name, and are kept until they are refused", async () => {
  writeKeys("AKIDTEAM");
  const { proof, pass } = search("team");
  expect(await proof.get()).toEqual({ accessKeyId: "AKIDTEAM", secretAccessKey: "of-team" });
  // The operator rotates them; the old ones are good until AWS says otherwise.
  writeKeys("AKIDROTATED");
  pass(1e9);
  expect(proof.current).toMatchObject({ accessKeyId: "AKIDTEAM" });
  expect(await proof.newerThan(proof.current!)).toBe(true);
  expect(await proof.get()).toMatchObject({ accessKeyId: "AKIDROTATED" });
});

test("a profile may name a program that gives keys", async () => {
  const keys = { Version: 1, AccessKeyId: "AKIDPROGRAM", SecretAccessKey: "s", SessionToken: "t" };
  writeFileSync(join(folder, "keys.json"), JSON.stringify(keys));
  writeFileSync(join(folder, "config"), `[profile program]\ncredential_process = cat ${join(folder, "keys.json")}\n`);
  const { proof } = search("program");
  expect(await proof.get()).toEqual({ accessKeyId: "AKIDPROGRAM", secretAccessKey: "s", sessionToken: "t" });
});

test("a container's keys are asked for where its variables say, and again ahead of their end", async () => {
  endpoint = await startEndpoint(({ headers }, count) => {
    expect(headers.authorization).toBe("opens-the-endpoint");
    return {
      body: {
        AccessKeyId: `AKID${count}`,
        SecretAccessKey: "s",
        Token: "t",
        Expiration: new Date(Date.now() + count * 3_600_000).toISOString(),
      },
    };
  });
  vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", `${endpoint.url}/keys`);
  vi.stubEnv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "opens-the-endpoint");
  const { proof, pass } = search();
  const all = await Promise.all(Array.from({ length: 100 }, () => proof.get()));
  expect(all[99]).toEqual({ accessKeyId: "AKID1", secretAccessKey: "s", sessionToken: "t" });
  expect(endpoint.asked).toHaveLength(1);
  pass(56 * 60_000);
  expect(proof.current).toMatchObject({ accessKeyId: "AKID1" });
  await vi.waitFor(() => expect(proof.current).toMatchObject({ accessKeyId: "AKID2" }));
  expect(endpoint.asked).toHaveLength(2);
});

test("a role is taken on with the keys of another profile", async () => {
  writeKeys("AKIDTEAM");
  writeFileSync(
    join(folder, "config"),
    "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/inference\nsource_profile = team\nregion = us-east-1\n",
  );
  endpoint = await startEndpoint(({ method, headers, form }) => {
    expect(method).toBe("POST");
    expect(headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDTEAM\/\d+\/us-east-1\/sts\/aws4_request, /);
    expect(form).toMatchObject({ Action: "AssumeRole", RoleArn: "arn:aws:iam::123456789012:role/inference" });
    const keys =
      "<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>";
    const end = `<Expiration>${new Date(Date.now() + 900_000).toISOString()}</Expiration>`;
    const result = `<AssumeRoleResult><Credentials>${keys}${end}</Credentials></AssumeRoleResult>`;
    return {
      body: `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${result}</AssumeRoleResponse>`,
    };
  });
  vi.stubEnv("AWS_ENDPOINT_URL_STS", endpoint.url);
  const { proof } = search("role");
  expect(await proof.get()).toEqual({ accessKeyId: "ASIAROLE", secretAccessKey: "s", sessionToken: "t" });
  expect(endpoint.asked).toHaveLength(1);
});

test("a machine's role is asked of its metadata server", async () => {
  const keys = { Code: "Success", AccessKeyId: "ASIAMACHINE", SecretAccessKey: "s", Token: "t" };
  const below = "/latest/meta-data/iam/security-credentials/";
  endpoint = await startEndpoint(({ method, url: { pathname }, headers }) => {
    if (method === "PUT" && pathname === "/latest/api/token") return { body: "session" };
    expect(headers["x-aws-ec2-metadata-token"]).toBe("session");
    if (pathname === below) return { body: "inference-role" };
    expect(pathname).toBe(`${below}inference-role`);
    return { body: { ...keys, Expiration: new Date(Date.now() + 3_600_000).toISOString() } };
  });
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", undefined);
  vi.stubEnv("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.url);
  const { proof } = search();
  expect(await proof.get()).toEqual({ accessKeyId: "ASIAMACHINE", secretAccessKey: "s", sessionToken: "t" });
});

const failureOf = (profile?: string) =>
  search(profile)
    .proof.get()
    .catch((error: unknown) => error);

test("who is not found is told", async () => {
  const failure = await failureOf();
  expect(failure).toBeInstanceOf(GatewayError);
  expect(failure).toMatchObject({ reason: Reason.UPSTREAM_CREDENTIAL_UNAVAILABLE, provider: "aws" });
  expect((failure as GatewayError).message).toMatch(
    /^aws has no credential to send: AWS's search for credentials gave none: /,
  );
});

test("a profile that is not there is not made up for by whoever the machine is", async () => {
  writeKeys("AKIDTEAM");
  endpoint = await startEndpoint(() => ({
    body: { AccessKeyId: "AKIDMACHINE", SecretAccessKey: "s", Token: "t", Expiration: "2999-01-01T00:00:00Z" },
  }));
  vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", `${endpoint.url}/keys`);
  expect(await failureOf("nobody")).toMatchObject({
    reason: Reason.UPSTREAM_CREDENTIAL_UNAVAILABLE,
    message: expect.stringMatching(/there is no AWS profile nobody in .*config or .*credentials\.$/),
  });
  expect(endpoint.asked).toHaveLength(0);
});
