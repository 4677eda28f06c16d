import {
  ListProvidersResponseSchema,
  type Provider,
  ProviderService,
} from "@pontage/gen/pontage/admin/v1/provider_pb.ts";
import { Command } from "commander";
import { adminClient } from "./connection.ts";
import { type Column, type Format, formatOption, messageJson, print, printRows } from "./output.ts";

const columns: readonly Column<Provider>[] = [
  { title: "name", value: ({ name }) => name },
  { title: "type", value: ({ type }) => type },
  { title: "base url", value: ({ baseUrl, simulated }) => (simulated ? "(in process)" : baseUrl) },
  { title: "key from", value: ({ credentialSource }) => credentialSource || "-" },
  { title: "models", value: ({ modelCount }) => String(modelCount), right: true },
  { title: "dialects", value: ({ dialects }) => dialects.join(", ") },
];

export function providersCommand(): Command {
  const providers = new Command("providers").description("where calls go");
  providers
    .command("list")
    .description("list the providers")
    .addOption(formatOption())
    .action(async ({ output }: { output: Format }) => {
      const found = await adminClient(ProviderService).listProviders({});
      printRows(output, columns, found.providers, () => messageJson(ListProvidersResponseSchema, found));
    });
  providers
    .command("test <name>")
    .description("walk to a provider: resolve, connect, TLS, token, authenticate, list models, generate a few tokens")
    .option("--model <model>", "the model to ask", "")
    .action(async (name: string, { model }: { model: string }) => {
      let failed = false;
      for await (const { step, ok, detail, durationMs } of adminClient(ProviderService).testProvider({ name, model })) {
        print(`  ${ok ? "✓" : "✗"} ${step.padEnd(13)} ${String(durationMs).padStart(6)} ms  ${detail}`);
        failed ||= !ok;
      }
      if (failed) process.exitCode = 1;
    });
  return providers;
}
