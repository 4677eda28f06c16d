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
