import type { GatewayError } from "../canonical/error.ts";
import type { Reply } from "./reply.ts";

/** What becomes of an upstream's answer once its head is known. */
export interface Answer {
  data(chunk: Buffer): void;
  end(): void;
  /** The connection failed. */
  failed(error: GatewayError): void;
  /** The client has left, or the gateway stops. Settles what is owed; the upstream has been cancelled. */
  abandoned(error: GatewayError): void;
}

/** Where an answer reports to. The first of `show` and `refuse` decides the attempt. */
export interface AnswerOwner {
  /** There is something to show. No other attempt can follow. */
  show(reply: Reply): void;
  /** Nothing has been shown, and this is why. */
  refuse(error: GatewayError): void;
  /** Stops the upstream. */
  cancel(): void;
  /** Nothing more will come. */
  done(): void;
}
