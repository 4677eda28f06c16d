import { GatewayError } from "../../canonical/error.ts";
import type { Clock } from "../../world.ts";
import type { AwsKeys } from "../sigv4.ts";
import { type AwsSearch, awsSearch } from "./aws-search.ts";
import { type EntraIdentity, fetchEntraToken } from "./entra.ts";
import { fetchGoogleToken, type GoogleIdentity } from "./google.ts";
import { Renewable } from "./renewable.ts";

/** Who an instance is, where that is proven by something that must be fetched and expires. */
export type Identity = EntraIdentity | GoogleIdentity | AwsSearch;

/** What proves it for a while: a token that is sent, or keys that sign. */
export type Proof = string | AwsKeys;

export interface ProofOptions {
  /** The instance's name, which every failure carries. */
  readonly name: string;
  readonly region: string | undefined;
  readonly clock: Clock;
  readonly withoutSecrets: (words: string) => string;
}

/** Fetches what proves an identity, and keeps it while it is good. */
export function proofOf(identity: Identity, options: ProofOptions): Renewable<Proof> {
  const { name, clock, withoutSecrets } = options;
  const fetch = fetcherOf(identity, options);
  return new Renewable<Proof>(async () => {
    try {
      return await fetch();
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      const words = `${name} has no credential to send: ${withoutSecrets(error.message)}`;
      throw new GatewayError(error.reason, words, { provider: name, cause: error.cause });
    }
  }, clock);
}

function fetcherOf(identity: Identity, { region, clock }: ProofOptions) {
  switch (identity.kind) {
    case "aws-search":
      return awsSearch(identity, region, clock);
    case "entra-application":
    case "entra-managed":
      return () => fetchEntraToken(identity, clock);
    default:
      return () => fetchGoogleToken(identity, clock);
  }
}

/** The secrets an identity is proven with: some providers quote what they refuse. */
export function secretsOf(identity: Identity | undefined): string[] {
  switch (identity?.kind) {
    case "entra-application":
      return "secret" in identity.proof ? [identity.proof.secret] : [];
    case "entra-managed":
      return identity.endpoint ? [identity.endpoint.secret] : [];
    case "google-service-account":
      return [identity.privateKey];
    case "google-user":
      return [identity.clientSecret, identity.refreshToken];
    default:
      return [];
  }
}
