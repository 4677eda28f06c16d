import { GatewayError, Reason } from "../canonical/error.ts";
import type { Call } from "./call.ts";
import type { Reply } from "./reply.ts";
import type { Target } from "./target.ts";

/**
 * Makes an attempt with a credential that is good. Where it must be fetched it usually is there; where the provider refuses
 * it, it may have been taken back before its time, so a new one is fetched and the attempt made once more.
 */
export function withCredential(call: Call, { provider }: Target, once: () => Promise<Reply>): Promise<Reply> {
  const { credential } = provider;
  return credential ? withFetched(call, credential, once) : once();
}

async function withFetched(
  call: Call,
  credential: NonNullable<Target["provider"]["credential"]>,
  once: () => Promise<Reply>,
): Promise<Reply> {
  const used = credential.current ?? (await unlessStopped(call, credential.get()));
  try {
    return await once();
  } catch (error) {
    const isRefused = error instanceof GatewayError && error.reason === Reason.UPSTREAM_CREDENTIAL_REFUSED;
    if (!isRefused || call.stopped || !(await unlessStopped(call, credential.newerThan(used)))) throw error;
    return once();
  }
}

/** Others wait for the same credential, so it is fetched on when this call ends. */
function unlessStopped<T>(call: Call, wanted: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    call.whenStopped(reject);
    wanted.then(resolve, reject);
  }).finally(() => call.whenStopped(undefined));
}
