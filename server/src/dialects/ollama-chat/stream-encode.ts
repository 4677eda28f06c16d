import type { JsonObject } from "@bufbuild/protobuf";
import type { ChoiceFinished, Opened, Part, PartGrown } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { copyOf, grow } from "../../canonical/fold.ts";
import type { Usage } from "../../canonical/usage.ts";
import type { Frame } from "../../framing/frame.ts";
import { Crossing, takeSpelling } from "../crossing.ts";
import type { StreamContext, StreamEncoder } from "../dialect.ts";
import { replyPath } from "../reply-path.ts";
import { oneAnswerEncoderOf } from "../stream-encoder.ts";
import { objectIn } from "../wire.ts";
import { encodeCall } from "./calls.ts";
import { createdAtOf } from "./created-at.ts";
import { errorFrame } from "./error.ts";
import { encodeFinish } from "./finish.ts";
import { encodeBesides, inputOf, thoughtOf } from "./reply.ts";
import { encodeUsage } from "./usage.ts";

/** What is remembered of a part while it is open. */
type OpenPart =
  /** What stands before the text of a delta, ready to be joined: this runs once per token. */
  | { readonly before: string }
  /** Gathers a call, which is said whole. */
  | { readonly call: Part };

/** Events to lines. The constant parts of a line are written once per stream. */
export function createEncoder(context: StreamContext): StreamEncoder {
  let crossing = new Crossing("", "ollama-chat", context.losses);
  let head = "";
  let beforeContent = "";
  let beforeThinking = "";
  const tail = '},"done":false}';
  const parts = new Map<number, OpenPart>();
  const kinds = new Set<Part["kind"]["case"]>();
  let openedExtra: JsonObject | undefined;
  /** How the answer ended, told in the last line together with the usage. */
  let ending: JsonObject = {};
  let beside: JsonObject = {};
  let frames: Frame[] = [];

  function emit(data: string): void {
    frames.push({ event: "", data });
  }

  function open(event: Opened): void {
    crossing = new Crossing(event.dialect, "ollama-chat", context.losses);
    if (event.id !== "") crossing.lose("id");
    const seconds = Number(event.createTimeSeconds) || context.createTimeSeconds;
    const createdAt = createdAtOf(crossing.same ? event.extra : undefined, seconds);
    const shared = JSON.stringify({ model: event.model || context.model, created_at: createdAt });
    head = `${shared.slice(0, -1)},"message":{"role":"assistant","content":`;
    beforeContent = head;
    beforeThinking = `${head}"","thinking":`;
    openedExtra = encodeBesides(event.extra, crossing);
  }

  function openPart(index: number, part: Part): void {
    const { kind } = part;
    const path = replyPath(crossing.from, 0, index, part);
    kinds.add(kind.case);
    if (part.signature !== undefined) crossing.lose(`${path}.signature`);
    switch (kind.case) {
      case "text":
      case "refusal":
        crossing.extra(takeSpelling(part.extra).rest, path);
        keep(index, beforeContent, kind.value.text);
        return;
      case "reasoning":
        keep(index, beforeThinking, thoughtOf(part, path, crossing));
        return;
      case "toolCall":
        parts.set(index, { call: copyOf(part) });
        return;
      default:
        crossing.lose(path);
    }
  }

  function keep(index: number, before: string, start: string): void {
    parts.set(index, { before });
    if (start !== "") emit(before + JSON.stringify(start) + tail);
  }

  function growPart(index: number, delta: PartGrown["delta"]): void {
    const part = parts.get(index);
    if (part === undefined) return;
    if ("call" in part) grow(part.call, delta);
    else if (delta.case === "text") emit(part.before + JSON.stringify(delta.value) + tail);
    else if (delta.case === "extra") crossing.extra(delta.value, replyPath(crossing.from, 0, index));
    else if (delta.case === "signature") crossing.lose(`${replyPath(crossing.from, 0, index)}.signature`);
  }

  function closePart(index: number): void {
    const part = parts.get(index);
    parts.delete(index);
    if (part === undefined || !("call" in part) || part.call.kind.case !== "toolCall") return;
    const { id, name, arguments: input } = part.call.kind.value;
    const path = replyPath(crossing.from, 0, index, part.call);
    const call = encodeCall({ id, name, input: inputOf(input) }, part.call.extra, path, crossing);
    emit(`${head}"","tool_calls":[${JSON.stringify(call)}]${tail}`);
  }

  function finishChoice(event: ChoiceFinished): void {
    const { message, ...more } = crossing.extra(event.extra, "") ?? {};
    const reason = encodeFinish(event, kinds, crossing);
    ending = { ...(reason === undefined ? {} : { done_reason: reason }), ...more };
    beside = objectIn(message) ?? {};
  }

  function finish(usage: Usage | undefined, extra: JsonObject | undefined): void {
    const message = JSON.stringify({ content: "", ...beside }).slice('{"content":'.length);
    const rest = { ...ending, ...encodeUsage(usage, crossing), ...openedExtra, ...encodeBesides(extra, crossing) };
    emit(
      `${head}${message},"done":true${JSON.stringify(rest)
        .replace(/^\{(?!\})/, ",")
        .replace(/^\{\}$/, "}")}`,
    );
  }

  return oneAnswerEncoderOf(
    {
      open,
      openPart,
      growPart,
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
