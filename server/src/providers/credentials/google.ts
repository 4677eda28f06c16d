import type { Clock } from "../../world.ts";
import type { Fetched } from "./renewable.ts";
import { fetchToken, noToken } from "./token-request.ts";

/** Who an instance is at Google Cloud. */
export type GoogleIdentity = GoogleServiceAccount | GoogleUser | GoogleMetadata;

/** A service account, by its key. */
export interface GoogleServiceAccount {
  readonly kind: "google-service-account";
  readonly email: string;
  /** PKCS #8 in PEM. */
  readonly privateKey: string;
  readonly keyId: string;
  readonly tokenUrl: string;
}

/** A person, as `gcloud auth application-default login` leaves them behind. */
export interface GoogleUser {
  readonly kind: "google-user";
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
  readonly tokenUrl: string;
}

/** The service account of the machine or the container. */
export interface GoogleMetadata {
  readonly kind: "google-metadata";
  /** The metadata server's address. */
  readonly metadataUrl: string;
}

const scope = "https://www.googleapis.com/auth/cloud-platform";
const assertionLifetimeSeconds = 3600;

/** Fetches an access token. */
export async function fetchGoogleToken(identity: GoogleIdentity, clock: Clock): Promise<Fetched<string>> {
  switch (identity.kind) {
    case "google-service-account": {
      // https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests
      const grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
      const assertion = await assertionOf(identity, Math.floor(clock.nowMs() / 1000));
      return fetchToken({ url: identity.tokenUrl, form: { grant_type: grant, assertion } }, clock);
    }
    case "google-user": {
      const { clientId, clientSecret, refreshToken } = identity;
      const client = { client_id: clientId, client_secret: clientSecret };
      const form = { grant_type: "refresh_token", ...client, refresh_token: refreshToken };
      return fetchToken({ url: identity.tokenUrl, form }, clock);
    }
    case "google-metadata": {
      // https://cloud.google.com/compute/docs/access/authenticate-workloads
      const path = `/computeMetadata/v1/instance/service-accounts/default/token?scopes=${encodeURIComponent(scope)}`;
      return fetchToken({ url: identity.metadataUrl + path, headers: { "metadata-flavor": "Google" } }, clock);
    }
  }
}

/** A statement of the service account's own, signed with its key, that Google gives a token for. */
async function assertionOf(account: GoogleServiceAccount, nowSeconds: number): Promise<string> {
  // Loaded here: only who signs needs it.
  const { importPKCS8, SignJWT } = await import("jose");
  try {
    const key = await importPKCS8(account.privateKey, "RS256");
    return await new SignJWT({ scope })
      .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: account.keyId })
      .setIssuer(account.email)
      .setAudience(account.tokenUrl)
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + assertionLifetimeSeconds)
      .sign(key);
  } catch (error) {
    throw noToken(`the private key of ${account.email} cannot be used: ${(error as Error).message}`, error);
  }
}
