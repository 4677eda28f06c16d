import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../world.ts";
import type { AwsKeys } from "../sigv4.ts";
import type { Fetched } from "./renewable.ts";
import { noToken } from "./token-request.ts";

/** Whoever AWS's own tools would find: variables, profiles, single sign-on, web identity, container or machine. */
export interface AwsSearch {
  readonly kind: "aws-search";
  /** A profile of AWS's files, in the place of the whole search. */
  readonly profile?: string;
}

/** Asks AWS's own library. It is loaded here, by whoever uses it: it is large. */
export function awsSearch({ profile }: AwsSearch, region: string | undefined, clock: Clock) {
  let provider: Promise<(options: { forceRefresh: boolean }) => Promise<FoundKeys>> | undefined;
  return async (): Promise<Fetched<AwsKeys>> => {
    if (profile !== undefined) await refuseUnknown(profile);
    provider ??= load(profile, region);
    let found: FoundKeys;
    try {
      // The library keeps what it has found too; what this asks for shall be new.
      found = await (await provider)({ forceRefresh: true });
    } catch (error) {
      const where = profile === undefined ? "AWS's search for credentials" : `the AWS profile ${profile}`;
      throw noToken(`${where} gave none: ${(error as Error).message.replace(/\s+/g, " ").trim()}`, error);
    }
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = found;
    const value = { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
    const lifetimeMs = expiration ? Math.max(0, expiration.getTime() - clock.nowMs()) : Number.POSITIVE_INFINITY;
    return { value, lifetimeMs };
  };
}

interface FoundKeys extends AwsKeys {
  readonly expiration?: Date;
}

/** For a profile that is not there the library would go on searching, and find somebody else: the machine's own role. */
async function refuseUnknown(profile: string): Promise<void> {
  const { AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE } = process.env;
  const files = [
    AWS_CONFIG_FILE ?? join(homedir(), ".aws", "config"),
    AWS_SHARED_CREDENTIALS_FILE ?? join(homedir(), ".aws", "credentials"),
  ];
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
  const names = texts.flatMap((text) => Array.from(text.matchAll(section), ([, name]) => name));
  if (!names.includes(profile)) throw noToken(`there is no AWS profile ${profile} in ${files.join(" or ")}`);
}

const section = /^\s*\[\s*(?:profile\s+)?["']?([^\]"']+?)["']?\s*\]/gm;

async function load(profile: string | undefined, region: string | undefined) {
  const { defaultProvider } = await import("@aws-sdk/credential-provider-node");
  return defaultProvider({
    // Files are read again each time: who renews keys in them expects that.
    ignoreCache: true,
    ...(profile !== undefined && { profile }),
    ...(region !== undefined && { clientConfig: { region } }),
  });
}
