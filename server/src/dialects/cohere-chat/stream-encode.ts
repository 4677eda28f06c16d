import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { ChoiceFinished, Opened, Part, PartGrown } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Usage } from "../../canonical/usage.ts";
import type { Frame } from "../../framing/frame.ts";
import { Crossing, takeSpelling } from "../crossing.ts";
import type { StreamContext, StreamEncoder } from "../dialect.ts";
import { replyPath } from "../reply-path.ts";
import { oneAnswerEncoderOf } from "../stream-encoder.ts";
import { listIn } from "../wire.ts";
import { encodeTextCitations } from "./citations.ts";
import { errorFrame } from "./error.ts";
import { encodeFinish } from "./finish.ts";
import { encodeCall, encodePart, isPlan, loseSecrets } from "./parts.ts";
import { encodeSaidUsage } from "./reply.ts";

/** What is remembered of a part while it is open: what its deltas and its end are made of. */
interface OpenPart {
  readonly delta: string;
  /** Around the text of a delta, ready to be joined: this runs once per token. */
  readonly before: string;
  readonly after: string;
  readonly end: JsonObject | undefined;
  /** Its number among the contents. */
  readonly place?: number;
}

/** Canonical events to named ones. */
export function createEncoder(context: StreamContext): StreamEncoder {
  let crossing = new Crossing("", "cohere-chat", context.losses);
  const parts = new Map<number, OpenPart>();
  /** Thoughts without a word so far. */
  const waiting = new Map<number, () => OpenPart>();
  const kinds = new Set<Part["kind"]["case"]>();
  let contents = 0;
  let calls = 0;
  let cited = 0;
  let ending: JsonObject = {};
  let saidUsage: JsonObject[string] | undefined;
  let frames: Frame[] = [];

  function emit(wire: JsonObject): void {
    frames.push({ event: `${wire.type}`, data: JSON.stringify(wire) });
  }

  function open(event: Opened): void {
    crossing = new Crossing(event.dialect, "cohere-chat", context.losses);
    if (event.model !== "") crossing.lose("model");
    const { usage, ...extra } = takeSpelling(event.extra).rest ?? {};
    saidUsage = usage;
    const message = { role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] };
    emit({ id: event.id || context.id, type: "message-start", delta: { message } });
    ending = crossing.extra(extra, "") ?? {};
  }

  function openPart(index: number, part: Part): void {
    const { kind } = part;
    const path = replyPath(crossing.from, 0, index, part);
    kinds.add(kind.case);
    loseSecrets(part, path, crossing);
    if (kind.case === "toolCall") openCall(index, part, path);
    else if (kind.case === "reasoning" && isPlan(part)) openPlan(index, kind.value.text);
    else if (kind.case === "text" || kind.case === "refusal" || kind.case === "reasoning" || crossing.same) {
      openContent(index, part, path);
    } else crossing.lose(path);
  }

  function openPlan(index: number, start: string): void {
    const before = '{"type":"tool-plan-delta","delta":{"message":{"tool_plan":';
    parts.set(index, { delta: "tool-plan-delta", before, after: "}}}", end: undefined });
    if (start !== "") growPart(index, { case: "text", value: start });
  }

  function openContent(index: number, part: Part, path: string): void {
    const content = encodePart(part, path, crossing);
    const field = content.type === "thinking" ? "thinking" : "text";
    const start = `${content[field] ?? ""}`;
    const isText = content.type === "text" || content.type === "thinking";
    const begin = () => {
      const at = contents;
      contents += 1;
      const shown = isText ? { ...content, [field]: "" } : content;
      emit({ type: "content-start", index: at, delta: { message: { content: shown } } });
      const before = `{"type":"content-delta","index":${at},"delta":{"message":{"content":{"${field}":`;
      const open = {
        delta: "content-delta",
        before,
        after: "}}}}",
        end: { type: "content-end", index: at },
        place: at,
      };
      parts.set(index, open);
      return open;
    };
    // Of encrypted thoughts nothing is said here, so a thought begins with its first word.
    if (content.type === "thinking" && start === "") waiting.set(index, begin);
    else begin();
    if (isText && start !== "") growPart(index, { case: "text", value: start });
  }

  function openCall(index: number, part: Part, path: string): void {
    const at = calls;
    calls += 1;
    emit({ type: "tool-call-start", index: at, delta: { message: { tool_calls: encodeCall(part, path, crossing) } } });
    const before = `{"type":"tool-call-delta","index":${at},"delta":{"message":{"tool_calls":{"function":{"arguments":`;
    parts.set(index, { delta: "tool-call-delta", before, after: "}}}}}", end: { type: "tool-call-end", index: at } });
  }

  function growPart(index: number, delta: PartGrown["delta"]): void {
    const part = parts.get(index) ?? (delta.case === "text" ? waiting.get(index)?.() : undefined);
    if (delta.case === "signature") crossing.lose(`${replyPath(crossing.from, 0, index)}.signature`);
    if (part === undefined) return;
    if (delta.case === "text" || delta.case === "arguments") {
      frames.push({ event: part.delta, data: part.before + JSON.stringify(delta.value) + part.after });
    } else if (delta.case === "extra") crossing.extra(delta.value, replyPath(crossing.from, 0, index));
  }

  function closePart(index: number): void {
    const end = parts.get(index)?.end;
    parts.delete(index);
    waiting.delete(index);
    if (end) emit(end);
  }

  function emitCitation(citation: JsonValue): void {
    emit({ type: "citation-start", index: cited, delta: { message: { citations: citation } } });
    emit({ type: "citation-end", index: cited });
    cited += 1;
  }

  function finishChoice(event: ChoiceFinished): void {
    const { citations, logprobs, message: _, ...more } = crossing.extra(event.extra, "") ?? {};
    for (const citation of listIn(citations) ?? []) emitCitation(citation);
    const empty = { message: { content: { text: "" } } };
    for (const item of listIn(logprobs) ?? []) emit({ type: "content-delta", index: 0, delta: empty, logprobs: item });
    const reason = encodeFinish(event, kinds, crossing);
    ending = { ...ending, ...(reason === undefined ? {} : { finish_reason: reason }), ...more };
  }

  function finish(usage: Usage | undefined, extra: JsonObject | undefined): void {
    const { usage: said = saidUsage, ...more } = extra ?? {};
    const wire = encodeSaidUsage(said, usage, crossing);
    emit({ type: "message-end", delta: { ...ending, ...crossing.extra(more, ""), ...(wire ? { usage: wire } : {}) } });
    frames.push({ event: "", data: "[DONE]" });
  }

  return oneAnswerEncoderOf(
    {
      open,
      openPart,
      growPart,
      cite(index, { citations, text }) {
        const path = replyPath(crossing.from, 0, index);
        const place = parts.get(index)?.place ?? 0;
        for (const wire of encodeTextCitations({ citations, text }, place, path, crossing)) emitCitation(wire);
      },
      closePart,
      finishChoice,
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
