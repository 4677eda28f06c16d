import type { IdentityKind } from "../providers/catalogue.ts";
import type { ProviderSettings } from "../providers/provider.ts";
import { awsIdentityIn, awsIdentityOf } from "./aws.ts";
import { azureIdentityIn, azureIdentityOf } from "./entra.ts";
import { vertexIdentityIn, vertexIdentityOf } from "./google.ts";
import type { ProviderConfig } from "./schema.ts";

/** How settings say who an instance is, at one kind of place. */
interface IdentitySettings {
  /** Fields of the file that only these instances have. */
  readonly fields: readonly (keyof ProviderConfig)[];
  /** What the environment says. */
  in(env: NodeJS.ProcessEnv): Partial<ProviderSettings>;
  /** What the file and, where that is silent, the environment say of an instance. Throws when that is nobody. */
  of(name: string, config: ProviderConfig, file: string, env: NodeJS.ProcessEnv): Partial<ProviderSettings>;
  /** Whether what the environment says is enough for an instance without a file. */
  suffices(found: Partial<ProviderSettings>): boolean;
}

export const identities: Readonly<Record<IdentityKind, IdentitySettings>> = {
  aws: {
    fields: ["region", "access_key_id", "secret_access_key", "session_token", "profile", "credential_search"],
    in: awsIdentityIn,
    of: awsIdentityOf,
    // Without a region nobody knows where to ask.
    suffices: ({ region, credential, awsKeys }) => Boolean(region && (credential || awsKeys)),
  },
  entra: {
    fields: ["api_version", "tenant_id", "client_id", "client_secret", "managed_identity"],
    in: azureIdentityIn,
    of: azureIdentityOf,
    suffices: ({ baseUrl, credential }) => Boolean(baseUrl && credential),
  },
  google: {
    fields: ["project", "location", "credentials_file"],
    in: vertexIdentityIn,
    of: vertexIdentityOf,
    suffices: ({ identity }) => identity !== undefined,
  },
};
