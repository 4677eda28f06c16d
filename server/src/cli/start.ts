import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { readSettings } from "../config/settings.ts";
import { holdDirectory } from "../store/held-directory.ts";
import { version } from "../version.ts";

interface StartOptions {
  readonly port?: number;
  readonly config?: string;
  readonly dataDir?: string;
  readonly envProviders: boolean;
}

export function startCommand(): Command {
  return new Command("start")
    .description("start the gateway")
    .option("--port <port>", "the port to listen on", portOption)
    .option("--config <file>", "the configuration file")
    .option("--data-dir <directory>", "where everything is kept")
    .option("--no-env-providers", "leave out providers whose keys are in the environment")
    .action(async (options: StartOptions) => {
      const settings = readSettings(process.env, {
        port: options.port,
        config: options.config,
        dataDirectory: options.dataDir,
        noEnvProviders: !options.envProviders,
      });
      const fresh = !existsSync(join(settings.dataDirectory, "journal"));
      if (fresh && process.stdout.isTTY) process.stdout.write(`\n  Pontage ${version}\n\n`);
      // A new database takes longest, in a thread of its own; meanwhile this one loads the rest of the program.
      const held = holdDirectory(settings);
      held.catch(() => undefined); // told by whoever awaits it
      const { runGateway } = await import("./run-gateway.ts");
      await runGateway({ settings, held, fresh });
    });
}

function portOption(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError("A port is a number up to 65535.");
  return port;
}
