import type { JsonObject } from "@bufbuild/protobuf";
import type { Choice, GenerateReply, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../../canonical/error.ts";
import type { Losses } from "../../canonical/loss.ts";
import { Crossing } from "../crossing.ts";
import type { RequestHead } from "../dialect.ts";
import { errorInAnswer } from "../error-body.ts";
import { replyPath } from "../reply-path.ts";
import { usageAsSaid } from "../usage-as-said.ts";
import { listIn, numberIn, objectIn, stringIn } from "../wire.ts";
import { decodeOutputItem, encodeOutputItem, inventedItemId, itemIdOf } from "./answer-items.ts";
import { decodeFinish, encodeFinish, nativeEnding } from "./finish.ts";
import { itemsOf } from "./items.ts";
import { extraOf, fieldsOf } from "./response.ts";
import { decodeUsage, encodeUsage } from "./usage.ts";

const dialect = "openai-responses";

export function decodeReply(wire: JsonObject): GenerateReply {
  if (wire.error || wire.status === "failed") throw errorInAnswer(wire);
  const output = listIn(wire.output);
  if (output === undefined) {
    throw new GatewayError(Reason.UPSTREAM_GARBAGE, "The provider's answer has no `output`.");
  }
  const parts = output.flatMap((item, at) => decodeOutputItem(objectIn(item) ?? {}, at));
  return {
    $typeName: "pontage.v1.GenerateReply",
    id: stringIn(wire.id) ?? "",
    model: stringIn(wire.model) ?? "",
    createTimeSeconds: BigInt(createTime(wire)),
    choices: [decodeChoice(wire, parts)],
    usage: decodeUsage(wire.usage),
    dialect,
    extra: extraOf(wire),
  };
}

/** Some servers say fractions of a second. */
export function createTime(wire: JsonObject): number {
  const seconds = Math.floor(numberIn(wire.created_at) ?? 0);
  return Number.isSafeInteger(seconds) && seconds > 0 ? seconds : 0;
}

function decodeChoice(wire: JsonObject, parts: Part[]): Choice {
  const native = nativeEnding(wire);
  return {
    $typeName: "pontage.v1.Choice",
    index: 0,
    parts,
    finishReason: decodeFinish(native, hasCalls(parts)),
    nativeFinishReason: native,
    stopSequence: "",
  };
}

export function hasCalls(parts: readonly Part[]): boolean {
  return parts.some(({ kind }) => kind.case === "toolCall");
}

export function encodeReply(reply: GenerateReply, losses: Losses, asked?: RequestHead): JsonObject {
  const crossing = new Crossing(reply.dialect, dialect, losses);
  const { usage: said, ...extra } = reply.extra ?? {};
  const usage = crossing.same ? usageAsSaid(said, reply.usage, decodeUsage) : undefined;
  const [choice, ...others] = reply.choices;
  for (const { index } of others) crossing.lose(`choices[${index}]`);
  const ending = encodeFinish(choice, hasCalls(choice?.parts ?? []), crossing);
  if (choice) crossing.extra(choice.extra, "");
  return {
    id: reply.id,
    object: "response",
    created_at: Number(reply.createTimeSeconds),
    ...ending,
    error: null,
    model: reply.model,
    output: choice ? encodeOutput(choice, reply.id, stringIn(ending.status) ?? "", crossing) : [],
    ...fieldsOf(extra, crossing, asked?.echo),
    usage: usage ?? (reply.usage ? encodeUsage(reply.usage) : null),
  };
}

/** An answer that was cut short was cut short in its last item. */
function encodeOutput(choice: Choice, replyId: string, ending: string, crossing: Crossing): JsonObject[] {
  const items = itemsOf(speaking(choice.parts, choice.index, crossing), crossing.same);
  return items.map((item, index) => {
    const path = replyPath(crossing.from, choice.index, item.parts[0]!.at);
    const id = itemIdOf(item, crossing.same) ?? inventedItemId(item.kind, replyId, index);
    const isCut = ending === "incomplete" && index === items.length - 1;
    return encodeOutputItem(item, id, isCut ? "incomplete" : "completed", path, crossing);
  });
}

/** The parts that have a place here. */
function speaking(parts: readonly Part[], choice: number, crossing: Crossing): Part[] {
  return parts.filter((part, at) => isSpeaking(part, replyPath(crossing.from, choice, at), crossing));
}

export function isSpeaking({ kind }: Part, path: string, crossing: Crossing): boolean {
  if (crossing.same || kind.case === "text" || kind.case === "refusal") return true;
  if (kind.case === "reasoning" || kind.case === "toolCall") return true;
  crossing.lose(path);
  return false;
}
