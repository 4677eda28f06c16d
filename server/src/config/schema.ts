import Type from "typebox";
import { catalogue } from "../providers/catalogue.ts";

/*
 * The configuration file. Every value a person can set is one line here, with its unit and default, and this schema is
 * what `pontage.yaml` is checked against. What is not named here is refused.
 */

const closed = { additionalProperties: false } as const;

/** `5s`, `250ms`, `10m`, `1h`. */
const duration = (description = "A duration: 250ms, 5s, 10m, 1h.") =>
  Type.String({ pattern: "^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$", description });

const ProviderConfig = Type.Object(
  {
    type: Type.Union(
      Object.keys(catalogue).map((name) => Type.Literal(name)),
      { description: "An entry of the catalogue." },
    ),
    base_url: Type.Optional(
      Type.String({ pattern: "^https?://", description: "Where it is. Needed for the *_compatible types." }),
    ),
    api_key: Type.Optional(
      Type.String({ minLength: 1, description: "Its credential. Say ${env:NAME} or ${file:/path}." }),
    ),
    region: Type.Optional(
      Type.String({ pattern: "^[a-z0-9-]{1,63}$", description: "For bedrock: the AWS region. Default AWS_REGION." }),
    ),
    access_key_id: Type.Optional(
      Type.String({
        minLength: 1,
        description: "For bedrock: signs requests, with the next, in the place of api_key.",
      }),
    ),
    secret_access_key: Type.Optional(Type.String({ minLength: 1, description: "For bedrock." })),
    session_token: Type.Optional(Type.String({ minLength: 1, description: "For bedrock: of temporary keys." })),
    profile: Type.Optional(
      Type.String({ minLength: 1, description: "For bedrock: a profile of AWS's files, in the place of keys." }),
    ),
    credential_search: Type.Optional(
      Type.Boolean({
        description: "For bedrock: true takes whatever AWS's own tools would find, as on a machine of AWS's.",
      }),
    ),
    project: Type.Optional(
      Type.String({ pattern: "^[a-z0-9.:-]{1,63}$", description: "For vertex. Default GOOGLE_CLOUD_PROJECT." }),
    ),
    location: Type.Optional(
      Type.String({ pattern: "^[a-z0-9-]{1,63}$", description: "For vertex. Default GOOGLE_CLOUD_LOCATION, global." }),
    ),
    credentials_file: Type.Optional(
      Type.String({ minLength: 1, description: "For vertex: a JSON file of Google's that proves who it is." }),
    ),
    api_version: Type.Optional(
      Type.String({
        pattern: "^([0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?|v1|preview)$",
        description: "For azure: a date for the API by deployments. Default v1.",
      }),
    ),
    tenant_id: Type.Optional(
      Type.String({ pattern: "^[A-Za-z0-9.-]{1,100}$", description: "For azure: with the next two, Entra ID." }),
    ),
    client_id: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9-]{1,100}$", description: "For azure." })),
    client_secret: Type.Optional(Type.String({ minLength: 1, description: "For azure." })),
    managed_identity: Type.Optional(
      Type.Boolean({ description: "For azure: true takes the identity that Azure gives to the machine." }),
    ),
    models: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), { description: "Models it has, beside those it lists itself." }),
    ),
    deployments: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), Type.String({ minLength: 1 }), {
        description: "Models that have another name there, with that name: a deployment, an inference profile.",
      }),
    ),
    discover: Type.Optional(Type.Boolean({ description: "Ask it for its models at start. Default true." })),
    headers: Type.Optional(
      Type.Record(Type.String({ pattern: "^[A-Za-z0-9-]+$" }), Type.String(), {
        description: "Sent with every request.",
      }),
    ),
    timeouts: Type.Optional(
      Type.Object(
        {
          connect: Type.Optional(duration()),
          first_byte: Type.Optional(duration()),
          idle: Type.Optional(duration()),
          total: Type.Optional(duration()),
        },
        { ...closed, description: "Defaults: connect 5s, first_byte 60s, idle 120s, total 10m." },
      ),
    ),
    enabled: Type.Optional(Type.Boolean({ description: "Default true." })),
  },
  closed,
);

export const ConfigSchema = Type.Object(
  {
    version: Type.Literal(1),
    server: Type.Optional(
      Type.Object(
        {
          listen: Type.Optional(
            Type.String({ pattern: "^(.+:)?[0-9]{1,5}$", description: "Address and port. Default 127.0.0.1:7668." }),
          ),
          tls: Type.Optional(
            Type.Object(
              { cert: Type.String({ minLength: 1 }), key: Type.String({ minLength: 1 }) },
              { ...closed, description: "Paths of PEM files. With them the port speaks TLS too." },
            ),
          ),
          drain_delay: Type.Optional(
            duration(
              "From SIGTERM, while /ready says 503, until no call is accepted. Default 5s if /ready is asked, else 0s.",
            ),
          ),
          drain_timeout: Type.Optional(
            duration("From then on: how long running calls may take to finish. Default 10s."),
          ),
        },
        closed,
      ),
    ),
    storage: Type.Optional(
      Type.Object(
        { database_url: Type.Optional(Type.String({ description: "PostgreSQL. Empty means the embedded database." })) },
        closed,
      ),
    ),
    bus: Type.Optional(
      Type.Object(
        {
          nats_url: Type.Optional(Type.String({ description: "NATS with JetStream. Empty means in process." })),
          mac_key: Type.Optional(
            Type.String({
              minLength: 16,
              description: "Signs usage events, so that nobody else can bill. Same on every process.",
            }),
          ),
        },
        closed,
      ),
    ),
    journal: Type.Optional(
      Type.Object(
        {
          sync: Type.Optional(
            Type.Union([Type.Literal("none"), Type.Literal("interval"), Type.Literal("always")], {
              description: "When the usage journal is forced to the disk. Default interval (20 ms).",
            }),
          ),
        },
        closed,
      ),
    ),
    reasoning: Type.Optional(
      Type.Object(
        {
          keep: Type.Optional(
            duration(
              "How long signed thoughts are kept for clients that do not send them back. Default 24h; 0s: never.",
            ),
          ),
        },
        closed,
      ),
    ),
    providers: Type.Optional(
      Type.Record(Type.String({ pattern: "^[a-z0-9][a-z0-9._-]{0,62}$" }), ProviderConfig, {
        description: "By instance name: the part of `provider/model` before the slash.",
      }),
    ),
  },
  closed,
);

export type Config = Type.Static<typeof ConfigSchema>;
export type ProviderConfig = Type.Static<typeof ProviderConfig>;
