import type { ServiceImpl } from "@connectrpc/connect";
import type { LedgerService } from "@pontage/gen/pontage/admin/v1/ledger_pb.ts";
import type { Ledger } from "../store/ledger.ts";

export function ledgerService(ledger: Ledger, pendingEvents: () => number): ServiceImpl<typeof LedgerService> {
  return {
    async verifyLedger() {
      return { ...(await ledger.verify()), pendingEvents: BigInt(pendingEvents()) };
    },
  };
}
