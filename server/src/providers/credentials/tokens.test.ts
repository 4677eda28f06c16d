import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jwtVerify } from "jose";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { type Answered, type Asked, type Endpoint, startEndpoint } from "./endpoint.fixture.ts";
import type { EntraApplication } from "./entra.ts";
import type { GoogleServiceAccount } from "./google.ts";
import { type Identity, proofOf, secretsOf } from "./identity.ts";

/* Tokens are asked for over a real socket, from an endpoint that checks what its vendor would. */

const nowMs = 1795000000000;
const clock = { nowMs: () => nowMs, monotonicMs: () => 0 };
const folder = mkdtempSync(join(tmpdir(), "pontage-tokens-"));
let endpoint: Endpoint | undefined;
afterEach(() => endpoint?.close());
afterAll(() => rmSync(folder, { recursive: true }));

async function serve(answer: (asked: Asked) => Answered | Promise<Answered>): Promise<string> {
  endpoint = await startEndpoint(answer);
  return endpoint.url;
}

/** The way a provider asks, with its scrubbing. */
function tokenOf(identity: Identity) {
  const secrets = secretsOf(identity);
  const withoutSecrets = (words: string) => secrets.reduce((text, one) => text.replaceAll(one, "[removed]"), words);
  return proofOf(identity, { name: "cloud", region: undefined, clock, withoutSecrets }).get();
}

const given = { token_type: "Bearer", expires_in: 3599, access_token: "the-token" };

const application = (authority: string): EntraApplication => ({
  kind: "entra-application",
  authority,
  tenantId: "contoso.onmicrosoft.com",
  clientId: "11111111-2222-3333-4444-555555555555",
  proof: { secret: "se~cret+with/odd=letters" },
});

describe("Entra ID", () => {
  test("an application proves itself with its secret", async () => {
    const url = await serve(({ method, url: { pathname }, form }) => {
      expect(method).toBe("POST");
      expect(pathname).toBe("/contoso.onmicrosoft.com/oauth2/v2.0/token");
      expect(form).toEqual({
        grant_type: "client_credentials",
        client_id: "11111111-2222-3333-4444-555555555555",
        client_secret: "se~cret+with/odd=letters",
        scope: "https://cognitiveservices.azure.com/.default",
      });
      return { body: given };
    });
    expect(await tokenOf(application(url))).toBe("the-token");
  });

  test("or with a token of its cluster, which is read anew each time", async () => {
    const tokenFile = join(folder, "federated");
    const url = await serve(({ form }) => {
      expect(form.client_secret).toBeUndefined();
      expect(form.client_assertion_type).toBe("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
      return { body: { ...given, access_token: `for ${form.client_assertion}` } };
    });
    for (const assertion of ["first", "second"]) {
      writeFileSync(tokenFile, `${assertion}\n`);
      expect(await tokenOf({ ...application(url), proof: { tokenFile } })).toBe(`for ${assertion}`);
    }
  });

  test("a machine asks its metadata server", async () => {
    const url = await serve(({ method, url: { pathname, searchParams }, headers }) => {
      expect([method, pathname, headers.metadata]).toEqual(["GET", "/metadata/identity/oauth2/token", "true"]);
      expect(Object.fromEntries(searchParams)).toEqual({
        "api-version": "2018-02-01",
        resource: "https://cognitiveservices.azure.com",
        client_id: "of-several",
      });
      return { body: { ...given, expires_in: "86399" } };
    });
    const authority = "https://login.microsoftonline.com";
    const identity = { kind: "entra-managed", authority, clientId: "of-several", metadataUrl: url } as const;
    expect(await tokenOf(identity)).toBe("the-token");
  });

  test("an app of App Service asks where it is told to, and in the clouds apart for another resource", async () => {
    const url = await serve(({ url: { pathname, searchParams }, headers }) => {
      expect([pathname, headers["x-identity-header"]]).toEqual(["/msi/token", "opens"]);
      expect(Object.fromEntries(searchParams)).toEqual({
        "api-version": "2019-08-01",
        resource: "https://cognitiveservices.azure.us",
      });
      return { body: { access_token: "the-token", expires_on: String(nowMs / 1000 + 600) } };
    });
    const authority = "https://login.microsoftonline.us";
    const there = { url: `${url}/msi/token`, secret: "opens" };
    const identity = { kind: "entra-managed", authority, endpoint: there, metadataUrl: "" } as const;
    expect(await tokenOf(identity)).toBe("the-token");
  });
});

describe("Google", () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const account = (tokenUrl: string): GoogleServiceAccount => ({
    kind: "google-service-account",
    email: "gateway@project.iam.gserviceaccount.com",
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    keyId: "key-7",
    tokenUrl,
  });

  test("a service account signs what it is and what it wants", async () => {
    const url = await serve(async ({ form, url: { pathname } }) => {
      expect(pathname).toBe("/token");
      expect(Object.keys(form).toSorted()).toEqual(["assertion", "grant_type"]);
      expect(form.grant_type).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
      const { payload, protectedHeader } = await jwtVerify(form.assertion!, publicKey, {
        algorithms: ["RS256"],
        issuer: "gateway@project.iam.gserviceaccount.com",
        audience: `${endpoint!.url}/token`,
        currentDate: new Date(nowMs),
        maxTokenAge: 5,
      });
      expect(protectedHeader).toEqual({ alg: "RS256", typ: "JWT", kid: "key-7" });
      expect(payload.scope).toBe("https://www.googleapis.com/auth/cloud-platform");
      expect(payload.exp! - payload.iat!).toBe(3600);
      return { body: given };
    });
    expect(await tokenOf(account(`${url}/token`))).toBe("the-token");
  });

  test("a key that is none is said to be none, and not shown", async () => {
    const broken = { ...account("http://127.0.0.1:9/token"), privateKey: "-----BEGIN NOTHING-----\nAAAA" };
    const failure = await failureOf(tokenOf(broken));
    expect(failure.message).toMatch(/^cloud has no credential to send: the private key of gateway@.* cannot be used: /);
    expect(failure.message).not.toContain("AAAA");
  });

  test("a person's refresh token is exchanged", async () => {
    const url = await serve(({ form }) => {
      const client = { client_id: "id", client_secret: "not-so-secret" };
      expect(form).toEqual({ grant_type: "refresh_token", ...client, refresh_token: "refresh" });
      return { body: given };
    });
    const client = { clientId: "id", clientSecret: "not-so-secret", refreshToken: "refresh" };
    expect(await tokenOf({ kind: "google-user", ...client, tokenUrl: url })).toBe("the-token");
  });

  test("a machine asks its metadata server", async () => {
    const url = await serve(({ method, url: { pathname, searchParams }, headers }) => {
      expect(method).toBe("GET");
      expect(pathname).toBe("/computeMetadata/v1/instance/service-accounts/default/token");
      expect(searchParams.get("scopes")).toBe("https://www.googleapis.com/auth/cloud-platform");
      expect(headers["metadata-flavor"]).toBe("Google");
      return { body: given };
    });
    expect(await tokenOf({ kind: "google-metadata", metadataUrl: url })).toBe("the-token");
  });
});

const failureOf = (call: Promise<unknown>): Promise<GatewayError> =>
  call.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: GatewayError) => error,
  );

const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJnYXRld2F5In0.c2lnbmF0dXJl";

describe("a token that cannot be had says why, and no secret", () => {
  test.each<[what: string, answered: Answered, words: RegExp]>([
    [
      "a secret that is wrong",
      { status: 401, body: { error: "invalid_client", error_description: "AADSTS7000215: Invalid client secret." } },
      /answered 401: invalid_client: AADSTS7000215: Invalid client secret\.$/,
    ],
    [
      "an endpoint that quotes the secret",
      { status: 401, body: { error: "invalid_client", error_description: "not se~cret+with/odd=letters" } },
      /answered 401: invalid_client: not \[removed\]\.$/,
    ],
    [
      "a proxy that quotes an assertion",
      { status: 403, body: `no ${jwt} here` },
      /answered 403: no \[removed\] here\.$/,
    ],
    ["an answer without a token", { body: { token_type: "Bearer" } }, /answered without an access_token\.$/],
    ["an answer that is not JSON", { body: "<html>" }, /answered without an access_token\.$/],
    ["one that fails without words", { status: 500, body: "" }, /answered 500\.$/],
    ["one that never ends", { body: "x".repeat(70_000) }, /answered with more than 65536 bytes\.$/],
  ])("%s", async (_, answered, words) => {
    const url = await serve(() => answered);
    const failure = await failureOf(tokenOf(application(url)));
    expect(failure).toBeInstanceOf(GatewayError);
    expect(failure.reason).toBe(Reason.UPSTREAM_CREDENTIAL_UNAVAILABLE);
    expect(failure.provider).toBe("cloud");
    expect(failure.message).toMatch(/^cloud has no credential to send: 127\.0\.0\.1:\d+ /);
    expect(failure.message).toMatch(words);
    expect(failure.message).not.toContain("se~cret");
  });

  test("one that is not there", async () => {
    const url = await serve(() => ({ body: given }));
    await endpoint!.close();
    const failure = await failureOf(tokenOf(application(url)));
    endpoint = undefined;
    expect(failure.message).toMatch(/could not be reached: connection refused\.$/);
  });
});
