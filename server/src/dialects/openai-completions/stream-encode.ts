import type { JsonObject } from "@bufbuild/protobuf";
import type { Opened, Part, PartGrown } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Usage } from "../../canonical/usage.ts";
import type { Frame } from "../../framing/frame.ts";
import { Crossing } from "../crossing.ts";
import type { StreamContext, StreamEncoder } from "../dialect.ts";
import { errorFrame } from "../openai-chat/error.ts";
import { decodeUsage, encodeUsage } from "../openai-chat/usage.ts";
import { replyPath } from "../reply-path.ts";
import { encoderOf } from "../stream-encoder.ts";
import { usageAsSaid } from "../usage-as-said.ts";
import { objectIn } from "../wire.ts";
import { encodeEnding, wordsOf } from "./reply.ts";

const dialect = "openai-completions";

/** Events to chunks. Only words have a place here; what surrounds them is written once per stream. */
export function createEncoder(context: StreamContext): StreamEncoder {
  let crossing = new Crossing("", dialect, context.losses);
  let head = "";
  const usageField = context.showUsage ? ',"usage":null}' : "}";
  /** The parts that hold words, by choice and number. */
  const words = new Set<string>();
  let saidUsage: JsonObject | undefined;
  let frames: Frame[] = [];

  function emit(data: string): void {
    frames.push({ event: "", data });
  }

  function emitWords(choice: number, said: string): void {
    if (said === "") return;
    const text = JSON.stringify(said);
    emit(`${head}"choices":[{"text":${text},"index":${choice},"logprobs":null,"finish_reason":null}]${usageField}`);
  }

  function open(event: Opened): void {
    crossing = new Crossing(event.dialect, dialect, context.losses);
    const { usage, ...extra } = event.extra ?? {};
    saidUsage = objectIn(usage);
    const shared = JSON.stringify({
      id: event.id || context.id,
      object: "text_completion",
      created: Number(event.createTimeSeconds) || context.createTimeSeconds,
      model: event.model || context.model,
      ...crossing.extra(extra, ""),
    });
    head = `${shared.slice(0, -1)},`;
  }

  function openPart(index: number, part: Part, choice: number): void {
    const { kind } = part;
    if (kind.case === "text" || kind.case === "refusal") words.add(`${choice}:${index}`);
    emitWords(choice, wordsOf(part, replyPath(crossing.from, choice, index, part), crossing));
  }

  function growPart(index: number, delta: PartGrown["delta"], choice: number): void {
    if (!words.has(`${choice}:${index}`)) return;
    const path = replyPath(crossing.from, choice, index);
    if (delta.case === "text") emitWords(choice, delta.value);
    else if (delta.case === "extra") crossing.extra(delta.value, path);
    else if (delta.case === "signature") crossing.lose(`${path}.signature`);
  }

  function finish(usage: Usage | undefined, said: JsonObject | undefined): void {
    const { usage: raw = saidUsage, ...extra } = said ?? {};
    const own = JSON.stringify(crossing.extra(extra, "") ?? {}).slice(1, -1);
    const shown = context.showUsage && usage !== undefined;
    if (shown || own !== "") {
      const wire = (crossing.same && usageAsSaid(raw, usage, decodeUsage)) || (usage && encodeUsage(usage));
      const usageText = shown ? `,"usage":${JSON.stringify(wire)}` : "";
      emit(`${head}${own === "" ? "" : `${own},`}"choices":[]${usageText}}`);
    }
    emit("[DONE]");
  }

  return encoderOf(
    {
      open,
      openPart,
      growPart,
      finishChoice(event) {
        const ending = { text: "", index: event.choice, logprobs: null, ...encodeEnding(event, crossing) };
        emit(`${head}"choices":[${JSON.stringify({ ...ending, ...crossing.extra(event.extra, "") })}]${usageField}`);
      },
      finish,
      fail: (error) => frames.push(errorFrame(error)),
      take() {
        const taken = frames;
        frames = [];
        return taken;
      },
    },
    context.losses,
  );
}
