import { KeysAndLedger } from "./0001-keys-and-ledger.ts";
import { KeptThoughts } from "./0002-kept-thoughts.ts";

/** Every change of the schema, oldest first. What has been released is never edited; the next change is the next class. */
export const migrations = [
  { name: "0001-keys-and-ledger", class: KeysAndLedger },
  { name: "0002-kept-thoughts", class: KeptThoughts },
];
