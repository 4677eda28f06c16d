import type { JsonObject } from "@bufbuild/protobuf";
import type { ChoiceFinished, Opened, Part, PartGrown } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Usage } from "../../canonical/usage.ts";
import type { Frame } from "../../framing/frame.ts";
import { Crossing, takeSpelling } from "../crossing.ts";
import type { StreamContext, StreamEncoder } from "../dialect.ts";
import { replyPath } from "../reply-path.ts";
import { encoderOf } from "../stream-encoder.ts";
import { usageAsSaid } from "../usage-as-said.ts";
import { objectIn } from "../wire.ts";
import { encodeAnnotations, nestedShape } from "./annotations.ts";
import { errorFrame } from "./error.ts";
import { encodeFinish } from "./finish.ts";
import { encodePart } from "./parts.ts";
import { encodeDetails } from "./reasoning.ts";
import { asListed } from "./search-results.ts";
import { encodeSignature } from "./signature.ts";
import { decodeUsage, encodeUsage } from "./usage.ts";

/** What is remembered of a part while it is open. */
interface OpenPart {
  /** Around the text of a delta, ready to be joined: this runs once per token. */
  readonly before: string;
  readonly after: string;
  /** Gathers a thought, because its signature is shown together with its whole text. */
  thought: { text: string; signature: string; redacted: string } | undefined;
}

interface OpenChoice {
  readonly index: number;
  readonly parts: Map<number, OpenPart>;
  readonly kinds: Set<Part["kind"]["case"]>;
  calls: number;
  details: number;
}

const thoughtField = "reasoning_content";

/** Events to chunks. The constant parts of a chunk are written once per stream, and once more per part. */
export function createEncoder(context: StreamContext): StreamEncoder {
  let crossing = new Crossing("", "openai-chat", context.losses);
  let head = "";
  const usageField = context.showUsage ? ',"usage":null}' : "}";
  const tail = `},"logprobs":null,"finish_reason":null}]${usageField}`;
  const choices = new Map<number, OpenChoice>();
  /** The usage as its origin says it; it is told at the end. */
  let saidUsage: JsonObject | undefined;
  let frames: Frame[] = [];

  function emit(data: string): void {
    frames.push({ event: "", data });
  }

  function deltaHead(choice: number): string {
    return `${head}"choices":[{"index":${choice},"delta":{`;
  }

  function emitDelta(choice: number, delta: JsonObject): void {
    emit(deltaHead(choice) + JSON.stringify(delta).slice(1, -1) + tail);
  }

  function open(event: Opened): void {
    crossing = new Crossing(event.dialect, "openai-chat", context.losses);
    const { usage, ...extra } = event.extra ?? {};
    saidUsage = objectIn(usage);
    const shared = JSON.stringify({
      id: event.id || context.id,
      object: "chat.completion.chunk",
      created: Number(event.createTimeSeconds) || context.createTimeSeconds,
      model: event.model || context.model,
      ...asListed(crossing.extra(extra, "")),
    });
    head = `${shared.slice(0, -1)},`;
    choiceAt(0);
  }

  function choiceAt(index: number): OpenChoice {
    let choice = choices.get(index);
    if (choice === undefined) {
      choice = { index, parts: new Map(), kinds: new Set(), calls: 0, details: 0 };
      choices.set(index, choice);
      // Without a role in the first delta the vendor's own library throws.
      emitDelta(index, { role: "assistant", content: "", refusal: null });
    }
    return choice;
  }

  function openPart(choice: OpenChoice, index: number, part: Part): void {
    const { kind } = part;
    const path = replyPath(crossing.from, choice.index, index, part);
    const { spelt, rest } = takeSpelling(part.extra);
    choice.kinds.add(kind.case);
    switch (kind.case) {
      case "text":
      case "refusal":
        // Chat has no place for what the origin says beside its text; the same dialect says it with the choice.
        crossing.extra(rest, path);
        crossing.withoutForeignSignature(part, path);
        keep(choice, index, kind.case === "text" ? "content" : "refusal", kind.value.text);
        return;
      case "reasoning": {
        const details = crossing.extra(rest, path);
        const kept = crossing.withoutForeignSignature(part, path);
        if (kept?.kind.case !== "reasoning") return;
        const { text, signature, redacted } = kept.kind.value;
        const open =
          spelt === "thinking"
            ? keepThinking(choice, index, text)
            : keep(choice, index, spelt === "reasoning" ? spelt : thoughtField, text);
        open.thought = { text, signature, redacted };
        if (details) emitDelta(choice.index, details);
        return;
      }
      case "toolCall": {
        const place = choice.calls;
        choice.calls += 1;
        const { id, name, arguments: start } = kind.value;
        const call = { index: place, id, type: "function", function: { name, arguments: start } };
        emitDelta(choice.index, {
          tool_calls: [{ ...call, ...crossing.extra(rest, path), ...encodeSignature(part, path, crossing) }],
        });
        const before = `${deltaHead(choice.index)}"tool_calls":[{"index":${place},"function":{"arguments":`;
        choice.parts.set(index, { before, after: `}}]${tail}`, thought: undefined });
        return;
      }
      default: {
        if (!crossing.same) {
          crossing.lose(path);
          return;
        }
        const wire = encodePart(part, path, crossing, true);
        if (wire) emitDelta(choice.index, { content: [wire] });
      }
    }
  }

  function keep(choice: OpenChoice, index: number, field: string, start: string): OpenPart {
    const part: OpenPart = { before: `${deltaHead(choice.index)}"${field}":`, after: tail, thought: undefined };
    choice.parts.set(index, part);
    if (start !== "") emit(part.before + JSON.stringify(start) + part.after);
    return part;
  }

  /** Mistral's thoughts are pieces of the content. */
  function keepThinking(choice: OpenChoice, index: number, start: string): OpenPart {
    const before = `${deltaHead(choice.index)}"content":[{"type":"thinking","thinking":[{"type":"text","text":`;
    const part: OpenPart = { before, after: `}]}]${tail}`, thought: undefined };
    choice.parts.set(index, part);
    emit(part.before + JSON.stringify(start) + part.after);
    return part;
  }

  function growPart(choice: OpenChoice, index: number, delta: PartGrown["delta"]): void {
    const part = choice.parts.get(index);
    if (part === undefined) return;
    switch (delta.case) {
      case "text":
        if (part.thought) part.thought.text += delta.value;
        emit(part.before + JSON.stringify(delta.value) + part.after);
        return;
      case "arguments":
        emit(part.before + JSON.stringify(delta.value) + part.after);
        return;
      case "signature":
        if (part.thought) part.thought.signature += delta.value;
        return;
      case "extra": {
        const own = crossing.extra(delta.value, replyPath(crossing.from, choice.index, index));
        if (own) emitDelta(choice.index, own);
        return;
      }
    }
  }

  function closePart(choice: OpenChoice, index: number): void {
    const thought = choice.parts.get(index)?.thought;
    choice.parts.delete(index);
    if (thought === undefined) return;
    const details = encodeDetails([thought], choice.details);
    choice.details += details.length;
    if (details.length > 0) emitDelta(choice.index, { reasoning_details: details });
  }

  function finishChoice(choice: OpenChoice, event: ChoiceFinished): void {
    const { message: beside, ...extra } = crossing.extra(event.extra, "") ?? {};
    const ending: JsonObject = {
      index: choice.index,
      delta: objectIn(beside) ?? {},
      logprobs: null,
      ...encodeFinish(event, choice.kinds, crossing),
      ...extra,
    };
    emit(`${head}"choices":[${JSON.stringify(ending)}]${usageField}`);
  }

  function finish(usage: Usage | undefined, said: JsonObject | undefined): void {
    const { usage: raw = saidUsage, ...extra } = said ?? {};
    const own = JSON.stringify(asListed(crossing.extra(extra, "")) ?? {}).slice(1, -1);
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
      openPart: (number, part, choice) => openPart(choiceAt(choice), number, part),
      growPart: (number, delta, choice) => growPart(choiceAt(choice), number, delta),
      cite(number, cited, choice) {
        const path = replyPath(crossing.from, choice, number);
        const annotations = encodeAnnotations(cited, path, crossing, nestedShape);
        if (annotations.length > 0) emitDelta(choice, { annotations });
      },
      closePart: (number, choice) => closePart(choiceAt(choice), number),
      finishChoice: (event) => finishChoice(choiceAt(event.choice), event),
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
