import { readFile } from "node:fs/promises";
import type { Clock } from "../../world.ts";
import type { Fetched } from "./renewable.ts";
import { fetchToken, noToken } from "./token-request.ts";

/** Who an instance is at Microsoft Entra ID. */
export type EntraIdentity = EntraApplication | EntraManaged;

/** An application, with its secret, or with a token of the cluster it runs in (workload identity). */
export interface EntraApplication {
  readonly kind: "entra-application";
  /** `https://login.microsoftonline.com`, or that of a cloud apart. */
  readonly authority: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly proof: { readonly secret: string } | { readonly tokenFile: string };
}

/** The identity that Azure gives to the machine, the app or the container. */
export interface EntraManaged {
  readonly kind: "entra-managed";
  readonly authority: string;
  /** Of a user-assigned identity, where there are several. */
  readonly clientId?: string;
  /** Where App Service and Container Apps give tokens, and the secret that opens it. Without it the machine's metadata server. */
  readonly endpoint?: { readonly url: string; readonly secret: string };
  /** The metadata server's address. */
  readonly metadataUrl: string;
}

/** Fetches a token for Azure OpenAI. */
export async function fetchEntraToken(identity: EntraIdentity, clock: Clock): Promise<Fetched<string>> {
  const resource = resourceAt(identity.authority);
  if (identity.kind === "entra-application") {
    // https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
    const url = `${identity.authority}/${encodeURIComponent(identity.tenantId)}/oauth2/v2.0/token`;
    const asked = { grant_type: "client_credentials", client_id: identity.clientId, scope: `${resource}/.default` };
    return fetchToken({ url, form: { ...asked, ...(await proofOf(identity)) } }, clock);
  }
  const { clientId, endpoint, metadataUrl } = identity;
  const query = new URLSearchParams({ resource, ...(clientId && { client_id: clientId }) });
  if (endpoint) {
    // https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
    const headers = { "x-identity-header": endpoint.secret };
    return fetchToken({ url: `${endpoint.url}?api-version=2019-08-01&${query}`, headers }, clock);
  }
  // https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
  const url = `${metadataUrl}/metadata/identity/oauth2/token?api-version=2018-02-01&${query}`;
  return fetchToken({ url, headers: { metadata: "true" } }, clock);
}

async function proofOf({ proof }: EntraApplication): Promise<Record<string, string>> {
  if ("secret" in proof) return { client_secret: proof.secret };
  let assertion: string;
  try {
    // Read anew each time: the cluster replaces it.
    assertion = (await readFile(proof.tokenFile, "utf8")).trim();
  } catch (error) {
    throw noToken(`the token file cannot be read: ${(error as Error).message}`, error);
  }
  return {
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
  };
}

/** What the token is for. The clouds apart have names of their own. */
function resourceAt(authority: string): string {
  if (authority.endsWith(".us")) return "https://cognitiveservices.azure.us";
  if (authority.endsWith(".cn")) return "https://cognitiveservices.azure.cn";
  return "https://cognitiveservices.azure.com";
}
