import { Command, CommanderError } from "commander";
import { version } from "../version.ts";
import { chatCommand } from "./chat.ts";
import { explain } from "./failure.ts";
import { keysCommand } from "./keys.ts";
import { ledgerCommand } from "./ledger.ts";
import { providersCommand } from "./providers.ts";
import { startCommand } from "./start.ts";
import { usageCommand } from "./usage.ts";

/** Runs the command line and answers with the exit code: 0 ok, 1 failure, 2 usage, 3 auth, 4 not found, 5 conflict, 6 server. */
export async function run(args: readonly string[]): Promise<number> {
  const program = new Command("pontage")
    .description("One gate in front of every model API.")
    .version(version)
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      "after",
      "\nThe gateway is found by PONTAGE_URL and PONTAGE_ADMIN_TOKEN, or by its socket in PONTAGE_DATA.",
    );
  for (const command of [startCommand, keysCommand, usageCommand, providersCommand, ledgerCommand, chatCommand]) {
    program.addCommand(command());
  }
  // Subcommands are made apart, so each is told not to end the process by itself.
  const prepare = (command: Command) => {
    command.exitOverride();
    command.commands.forEach(prepare);
  };
  prepare(program);
  try {
    await program.parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { message, exitCode } = explain(error);
    process.stderr.write(`${message}\n`);
    return exitCode;
  }
}
