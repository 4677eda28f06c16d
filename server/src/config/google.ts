import { readFileSync } from "node:fs";
import type { GoogleIdentity } from "../providers/credentials/google.ts";
import type { ProviderSettings } from "../providers/provider.ts";
import type { ProviderConfig } from "./schema.ts";

/** Who an instance is at Google Cloud, and where. */
type VertexIdentity = Pick<ProviderSettings, "project" | "location" | "identity" | "credentialSource">;

/** What the environment says, under the names that Google's own libraries use; nothing unless it names a key and a project. */
export function vertexIdentityIn(env: NodeJS.ProcessEnv): VertexIdentity {
  const { GOOGLE_APPLICATION_CREDENTIALS: path, GOOGLE_CLOUD_PROJECT: project } = env;
  return path && project ? vertexIdentityOf("vertex", {}, "", env) : {};
}

/** What the file says of an instance; the environment says what the file leaves out. */
export function vertexIdentityOf(
  name: string,
  config: Pick<ProviderConfig, "project" | "location" | "credentials_file">,
  _file: string,
  env: NodeJS.ProcessEnv,
): VertexIdentity {
  const path = config.credentials_file ?? (env.GOOGLE_APPLICATION_CREDENTIALS || undefined);
  const found = path === undefined ? undefined : credentialsIn(name, path);
  const project = config.project ?? (env.GOOGLE_CLOUD_PROJECT || undefined) ?? found?.project;
  const host = env.GCE_METADATA_HOST || "metadata.google.internal";
  return {
    ...(project ? { project } : {}),
    location: config.location ?? (env.GOOGLE_CLOUD_LOCATION || "global"),
    identity: found?.identity ?? { kind: "google-metadata", metadataUrl: `http://${host}` },
    credentialSource: path ?? "the metadata server",
  };
}

const usualTokenUrl = "https://oauth2.googleapis.com/token";

/** A key of a service account, or what `gcloud auth application-default login` leaves. */
function credentialsIn(name: string, path: string): { identity: GoogleIdentity; project: string | undefined } {
  const wrong = (why: string) =>
    new Error(
      `Provider ${name} cannot use the credentials in ${path}: ${why} ` +
        "Name another file in `credentials_file` or GOOGLE_APPLICATION_CREDENTIALS, or start with --no-env-providers.",
    );
  let wire: Readonly<Record<string, unknown>>;
  try {
    wire = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  } catch (error) {
    // The engine's words about JSON quote the file.
    throw wrong(error instanceof SyntaxError ? "they are not JSON." : `${(error as Error).message}.`);
  }
  const text = (field: string) => {
    const value = wire[field];
    if (typeof value === "string" && value !== "") return value;
    throw wrong(`\`${field}\` is missing.`);
  };
  const tokenUrl = typeof wire.token_uri === "string" ? wire.token_uri : usualTokenUrl;
  const project = typeof wire.project_id === "string" ? wire.project_id : undefined;
  switch (wire.type) {
    case "service_account": {
      const key = { email: text("client_email"), privateKey: text("private_key"), keyId: text("private_key_id") };
      return { identity: { kind: "google-service-account", ...key, tokenUrl }, project };
    }
    case "authorized_user": {
      const client = { clientId: text("client_id"), clientSecret: text("client_secret") };
      return { identity: { kind: "google-user", ...client, refreshToken: text("refresh_token"), tokenUrl }, project };
    }
    default:
      throw wrong(
        `their type is ${JSON.stringify(wire.type)}, and only service_account and authorized_user are known.`,
      );
  }
}
