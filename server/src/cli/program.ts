import { Command, CommanderError } from "commander";
import { version } from "../version.ts";

/** A command's code is loaded when the command is asked for: a start must not wait for the code of the others. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import("./start.ts")).startCommand(),
  keys: async () => (await import("./keys.ts")).keysCommand(),
  usage: async () => (await import("./usage.ts")).usageCommand(),
  providers: async () => (await import("./providers.ts")).providersCommand(),
  ledger: async () => (await import("./ledger.ts")).ledgerCommand(),
  chat: async () => (await import("./chat.ts")).chatCommand(),
};

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
  // Help, and the guess at a misspelt command, need them all.
  const asked = Object.hasOwn(commands, args[0] ?? "") ? [commands[args[0]!]!] : Object.values(commands);
  for (const load of asked) program.addCommand(await load());
  // Subcommands are made apart, so each is told not to end the process by itself.
  const prepare = (command: Command) => {
    command.exitOverride().showSuggestionAfterError();
    command.commands.forEach(prepare);
  };
  prepare(program);
  try {
    await program.parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { explain } = await import("./failure.ts");
    const { message, exitCode } = explain(error);
    process.stderr.write(`${message}\n`);
    return exitCode;
  }
}
