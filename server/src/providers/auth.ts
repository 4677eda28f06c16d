import { type AwsKeys, signV4 } from "./sigv4.ts";

/** How a provider wants its credential: the headers that carry it. */
export type Auth = (credential: string | undefined) => readonly (readonly [name: string, value: string])[];

/** `Authorization: Bearer <credential>`. Without a credential the header is left out, as local servers like it. */
export function bearer(): Auth {
  return (credential) => (credential ? [["authorization", `Bearer ${credential}`]] : []);
}

/** The credential alone in a header of its own. */
export function header(name: string): Auth {
  return (credential) => (credential ? [[name, credential]] : []);
}

/** No credential. */
export function none(): Auth {
  return () => [];
}

/** A request about to go out. */
export interface Outgoing {
  readonly host: string;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Name, value, name, value, ... */
  readonly headers: readonly string[];
  readonly body: Uint8Array | undefined;
}

/** Headers to add, name, value, name, value, ..., that prove who sends the request and that nobody changed it. */
export type Sign = (request: Outgoing, nowMs: number) => readonly string[];

/** What signing needs to know of an instance. */
export interface Signer {
  readonly region: string;
  /** The keys as they are now. */
  readonly keys: () => AwsKeys;
}

/** AWS Signature Version 4. */
export function sigV4(service: string): (signer: Signer) => Sign {
  return ({ region, keys }) =>
    ({ host, method, path, headers, body }, nowMs) => {
      const signed: [string, string][] = [["host", host]];
      for (let at = 0; at < headers.length; at += 2) {
        const name = headers[at]!;
        // All of AWS's own must be signed; the others a proxy may change.
        if (name === "content-type" || name.startsWith("x-amz")) signed.push([name, headers[at + 1]!]);
      }
      return signV4({ method, path, headers: signed, body }, keys(), { region, service }, nowMs).flat();
    };
}
