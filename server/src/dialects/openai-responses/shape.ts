import type { JsonObject } from "@bufbuild/protobuf";

/**
 * A request of this dialect that was sent to the address of Chat Completions: some clients change the body and not the
 * path. Chat always has `messages` and never `input`.
 */
export function isResponsesShaped(wire: JsonObject): boolean {
  return isSaid(wire.input) && !isSaid(wire.messages);
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null;
}
