import type { EntraIdentity } from "../providers/credentials/entra.ts";
import type { ProviderSettings } from "../providers/provider.ts";
import type { ProviderConfig } from "./schema.ts";

/** Who an instance is at Azure, and which API it speaks. */
type AzureIdentity = Pick<ProviderSettings, "baseUrl" | "apiVersion" | "credential" | "identity" | "credentialSource">;

/** What the environment says of the resource, under the names that OpenAI's library uses. */
export function azureIdentityIn(env: NodeJS.ProcessEnv): AzureIdentity {
  const { AZURE_OPENAI_ENDPOINT: endpoint, OPENAI_API_VERSION: apiVersion, AZURE_OPENAI_API_KEY: key } = env;
  return {
    ...(endpoint ? { baseUrl: resourceOf(endpoint) } : {}),
    ...(apiVersion ? { apiVersion } : {}),
    ...(key ? { credential: key, credentialSource: "AZURE_OPENAI_API_KEY" } : {}),
  };
}

/** What the file says of an instance; the environment says what the file leaves out. */
export function azureIdentityOf(
  name: string,
  config: ProviderConfig,
  file: string,
  env: NodeJS.ProcessEnv,
): AzureIdentity {
  const { credential: foundKey, credentialSource, ...found } = azureIdentityIn(env);
  const apiVersion = config.api_version ?? found.apiVersion;
  const where = {
    ...found,
    ...(config.base_url ? { baseUrl: resourceOf(config.base_url) } : {}),
    ...(apiVersion ? { apiVersion } : {}),
  };
  if (config.api_key) return { ...where, credential: config.api_key, credentialSource: file };
  const isNamed = config.managed_identity || config.tenant_id || config.client_id || config.client_secret;
  // A key goes before an identity, unless it is the file that names the identity.
  if (foundKey && credentialSource && !isNamed) return { ...where, credential: foundKey, credentialSource };
  const identity = entraIdentityOf(config, env);
  if (identity) return { ...where, identity, credentialSource: sourceOf(identity, config, file) };
  throw new Error(
    `Provider ${name} has no credential. Give it \`api_key\`, or \`tenant_id\`, \`client_id\` and \`client_secret\`, or ` +
      `\`managed_identity: true\`, in ${file}, or set AZURE_OPENAI_API_KEY, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.`,
  );
}

/** An application of Entra ID, by the names of Microsoft's own libraries where the file leaves something out. */
function entraIdentityOf(config: ProviderConfig, env: NodeJS.ProcessEnv): EntraIdentity | undefined {
  const authority = (env.AZURE_AUTHORITY_HOST || "https://login.microsoftonline.com").replace(/\/+$/, "");
  const clientId = config.client_id ?? env.AZURE_CLIENT_ID;
  if (config.managed_identity) {
    const { IDENTITY_ENDPOINT: url, IDENTITY_HEADER: secret } = env;
    return {
      kind: "entra-managed",
      authority,
      ...(config.client_id ? { clientId: config.client_id } : {}),
      ...(url && secret ? { endpoint: { url, secret } } : {}),
      metadataUrl: (env.AZURE_POD_IDENTITY_AUTHORITY_HOST || "http://169.254.169.254").replace(/\/+$/, ""),
    };
  }
  const tenantId = config.tenant_id ?? env.AZURE_TENANT_ID;
  const secret = config.client_secret ?? env.AZURE_CLIENT_SECRET;
  const tokenFile = env.AZURE_FEDERATED_TOKEN_FILE;
  if (!tenantId || !clientId || !(secret || tokenFile)) return undefined;
  const proof = secret ? { secret } : { tokenFile: tokenFile! };
  return { kind: "entra-application", authority, tenantId, clientId, proof };
}

function sourceOf(identity: EntraIdentity, config: ProviderConfig, file: string): string {
  if (identity.kind === "entra-managed") return "the managed identity";
  if (config.client_secret) return file;
  return "secret" in identity.proof ? "AZURE_CLIENT_SECRET" : "AZURE_FEDERATED_TOKEN_FILE";
}

/** People copy the address of the API as well as that of the resource. */
function resourceOf(endpoint: string): string {
  return endpoint.replace(/\/+$/, "").replace(/\/openai(?:\/v1)?$/, "");
}
