import type { Operation } from "../dialects/dialect.ts";
import type { Provider, Speaking } from "../providers/provider.ts";

/** Where an attempt goes. */
export interface Target {
  readonly provider: Provider;
  /** The model as the provider names it. */
  readonly model: string;
  /** Its name at this instance, which is what is sent: an operator may have deployed it under another. */
  readonly sentModel: string;
  readonly speaking: Speaking;
  /** The operation as the provider has it. */
  readonly operation: Operation;
  /** The operation's path at the provider. */
  readonly path: string;
  /** The model's own output limit, for dialects that must name one. */
  readonly outputLimit: number;
}
