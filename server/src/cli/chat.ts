import { createInterface } from "node:readline/promises";
import { text as readAll } from "node:stream/consumers";
import type { Client } from "@connectrpc/connect";
import { ChatService, type Receipt } from "@pontage/gen/pontage/v1/chat_pb.ts";
import { type GenerateEvent, Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { Command } from "commander";
import { text } from "../canonical/events.ts";
import { callerClient } from "./connection.ts";
import { dollars } from "./output.ts";

interface Turn {
  readonly role: Role;
  readonly parts: ReturnType<typeof text>[];
}

export function chatCommand(): Command {
  return new Command("chat")
    .description("talk to a model; without a prompt, line by line")
    .argument("[prompt]", "what to say; `-` reads it from stdin")
    .option("-m, --model <model>", "whom to ask", "sim/echo")
    .option("--system <text>", "instructions")
    .action(async (prompt: string | undefined, { model, system }: { model: string; system?: string }) => {
      const client = callerClient(ChatService);
      const turns: Turn[] = system ? [{ role: Role.SYSTEM, parts: [text(system)] }] : [];
      const asked =
        prompt === "-" || (prompt === undefined && !process.stdin.isTTY) ? await readAll(process.stdin) : prompt;
      if (asked !== undefined) return say(client, model, turns, asked);
      const lines = createInterface({ input: process.stdin, output: process.stderr, prompt: "> " });
      lines.prompt();
      for await (const line of lines) {
        if (line.trim()) await say(client, model, turns, line);
        lines.prompt();
      }
    });
}

/** Sends one turn, prints the answer as it grows, and keeps both. */
async function say(client: Client<typeof ChatService>, model: string, turns: Turn[], prompt: string): Promise<void> {
  turns.push({ role: Role.USER, parts: [text(prompt)] });
  let answer = "";
  let receipt: Receipt | undefined;
  for await (const { item } of client.streamChat({ request: { model, messages: turns } })) {
    if (item.case === "receipt") receipt = item.value;
    const step = item.case === "event" ? item.value.event : undefined;
    const more = step && textIn(step);
    if (!more) continue;
    answer += more;
    process.stdout.write(more);
  }
  process.stdout.write("\n");
  turns.push({ role: Role.ASSISTANT, parts: [text(answer)] });
  const usage = receipt?.usage;
  if (receipt && usage && process.stderr.isTTY) {
    process.stderr.write(
      `  ${receipt.provider}/${receipt.model}  in ${usage.inputTokens}  out ${usage.outputTokens}  ${dollars(receipt.costNanoUsd)}\n`,
    );
  }
}

/** The visible text a step adds. A part may begin with some already in it. */
function textIn(step: GenerateEvent["event"]): string | undefined {
  if (step.case === "partGrown" && step.value.delta.case === "text") return step.value.delta.value;
  const kind = step.case === "partOpened" ? step.value.part?.kind : undefined;
  return kind?.case === "text" ? kind.value.text : undefined;
}
