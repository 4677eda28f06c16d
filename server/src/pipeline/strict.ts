import { GatewayError, Reason } from "../canonical/error.ts";
import type { Call } from "./call.ts";

/** `true` asks for a refusal where otherwise a loss would only be reported. A key may ask for it in every call. */
export const strictHeader = "x-pontage-strict";

/** Refuses a strict caller's request of which something has been lost. Before anything is spent. */
export function refuseLosses({ headers, losses, caller }: Call, dialect: string): void {
  const asked = headers[strictHeader];
  const isKey = caller?.strict ?? false;
  if (!isKey && (asked === undefined || asked === "false")) return;
  if (asked !== undefined && asked !== "true" && asked !== "false") {
    throw new GatewayError(Reason.INVALID_ARGUMENT, `The header \`${strictHeader}\` is \`true\` or \`false\`.`, {
      param: strictHeader,
    });
  }
  const [first, ...others] = losses.paths;
  if (first === undefined) return;
  const named = [first, ...others].map((path) => `\`${path}\``).join(", ");
  const instead = isKey ? "use a key that is not strict" : `do not send \`${strictHeader}\``;
  throw new GatewayError(
    Reason.CANNOT_TRANSLATE,
    `${named} cannot be said in ${dialect}, the dialect of this model, and the caller is strict. ` +
      `Leave ${others.length === 0 ? "it" : "them"} out, choose another model, or ${instead}.`,
    { param: first },
  );
}
