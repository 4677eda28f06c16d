import type { ProviderSettings } from "../providers/provider.ts";
import type { ProviderConfig } from "./schema.ts";

/** Who an instance is at AWS, and where. A key that is sent goes before keys that sign. */
export type AwsIdentity = Pick<ProviderSettings, "region" | "credential" | "awsKeys" | "identity" | "credentialSource">;

/** What the environment says, under the names that AWS's own tools use. */
export function awsIdentityIn(env: NodeJS.ProcessEnv): AwsIdentity {
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION;
  const where = region ? { region } : {};
  const { AWS_BEARER_TOKEN_BEDROCK: token, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = env;
  if (token) return { ...where, credential: token, credentialSource: "AWS_BEARER_TOKEN_BEDROCK" };
  if (!id || !secret) return where;
  const session = env.AWS_SESSION_TOKEN ? { sessionToken: env.AWS_SESSION_TOKEN } : {};
  const awsKeys = { accessKeyId: id, secretAccessKey: secret, ...session };
  return { ...where, awsKeys, credentialSource: "AWS_ACCESS_KEY_ID" };
}

/** What the file says of an instance; the environment says what the file leaves out. */
export function awsIdentityOf(name: string, config: ProviderConfig, file: string, env: NodeJS.ProcessEnv): AwsIdentity {
  const found = awsIdentityIn(env);
  const region = config.region ?? found.region;
  const where = region ? { region } : {};
  if (config.api_key) return { ...where, credential: config.api_key, credentialSource: file };
  const { access_key_id: id, secret_access_key: secret, session_token: session } = config;
  if (id && secret) {
    const awsKeys = { accessKeyId: id, secretAccessKey: secret, ...(session ? { sessionToken: session } : {}) };
    return { ...where, awsKeys, credentialSource: file };
  }
  if (config.profile) {
    const identity = { kind: "aws-search", profile: config.profile } as const;
    return { ...where, identity, credentialSource: `the AWS profile ${config.profile}` };
  }
  if (config.credential_search) {
    return { ...where, identity: { kind: "aws-search" }, credentialSource: "AWS's search for credentials" };
  }
  const { region: _, ...identity } = found;
  if (!identity.credential && !identity.awsKeys) {
    throw new Error(
      `Provider ${name} has no credential. Give it \`api_key\`, or \`access_key_id\` and \`secret_access_key\`, or \`profile\`, or ` +
        `\`credential_search: true\`, in ${file}, or set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
    );
  }
  return { ...where, ...identity };
}
