import { LedgerService, VerifyLedgerResponseSchema } from "@pontage/gen/pontage/admin/v1/ledger_pb.ts";
import { Command } from "commander";
import { adminClient } from "./connection.ts";
import { count, dollars, type Format, formatOption, messageJson, print } from "./output.ts";

export function ledgerCommand(): Command {
  const ledger = new Command("ledger").description("the record of every attempt");
  ledger
    .command("verify")
    .description("prove that rows, balances and costs agree and that nothing is missing")
    .addOption(formatOption())
    .action(async ({ output }: { output: Format }) => {
      const found = await adminClient(LedgerService).verifyLedger({});
      if (output === "json") print(JSON.stringify(messageJson(VerifyLedgerResponseSchema, found), null, 2));
      else {
        print(`${count(found.rows)} rows, ${dollars(found.costNanoUsd)} in all.`);
        if (found.pendingEvents > 0n) print(`${count(found.pendingEvents)} events are on their way.`);
        if (found.deadLetters > 0n)
          print(`${count(found.deadLetters)} events were set aside because they could not be believed.`);
        for (const problem of found.problems) print(`✗ ${problem}`);
        if (found.problems.length === 0)
          print("✓ The ledger is sound: rows add up to balances, costs follow from rows, nothing is missing.");
      }
      if (found.problems.length > 0) process.exitCode = 1;
    });
  return ledger;
}
