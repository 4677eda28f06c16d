import { timingSafeEqual } from "node:crypto";
import { createContextKey, type HandlerContext } from "@connectrpc/connect";
import { GatewayError, Reason } from "../canonical/error.ts";
import { presentedSecret } from "../pipeline/authenticate.ts";
import type { Caller } from "../pipeline/call.ts";
import { hashSecret } from "../store/key-secret.ts";
import { toConnectError } from "./rpc-errors.ts";

/** Whether a connection came in through the local admin socket, which only its owner can open. */
export const localSocket = createContextKey(false, { description: "came in through the local admin socket" });

/** Who calls a model through that socket: there is no key, and the ledger says so. */
export const localOperator: Caller = { keyId: "local", keyName: "local operator" };

/**
 * Closes the admin services to everybody but the holder of the admin token and the local socket. Runs on the headers,
 * before a body is read; what is not named is closed.
 */
export function adminGate(tokenHash: string): (context: HandlerContext) => void {
  const expected = Buffer.from(tokenHash, "hex");
  return (context) => {
    if (isOpen(context.service.typeName) || context.values.get(localSocket)) return;
    try {
      const secret = presentedSecret(Object.fromEntries(context.requestHeader));
      const given = Buffer.from(hashSecret(secret), "hex");
      if (given.length === expected.length && timingSafeEqual(given, expected)) return;
      throw new GatewayError(Reason.PERMISSION_DENIED, "This needs the admin token.", { status: 401 });
    } catch (error) {
      if (error instanceof GatewayError) throw toConnectError(error, "");
      throw error;
    }
  };
}

/** The services that an API key opens; they authenticate in the pipeline. */
function isOpen(service: string): boolean {
  return service.startsWith("pontage.v1.");
}
