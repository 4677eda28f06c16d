import { awsEventStream } from "../../framing/aws-event-stream.ts";
import type { Frame } from "../../framing/frame.ts";
import type { ArrivingFraming } from "../../framing/framing.ts";
import { decodeError, frameError, isFailure } from "../bedrock-converse/error.ts";
import { hosted } from "../hosted.ts";
import { parseObject, stringIn } from "../wire.ts";
import { errorFrame } from "./error.ts";
import { anthropicMessages } from "./index.ts";

/** AWS messages named `chunk`, each with an event of the dialect's in base64; failures are the service's own exceptions. */
const chunks: ArrivingFraming = {
  mediaType: awsEventStream.mediaType,
  reader: (onFrame, limits) => awsEventStream.reader((frame) => onFrame(unpacked(frame)), limits),
};

/**
 * Messages on Amazon Bedrock, by `InvokeModel`: the path says the model and whether to stream, version and betas are in the
 * body, and each event of a stream lies in an AWS message.
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
 */
export const messagesOnBedrock = hosted(anthropicMessages, {
  fields: (wire, { headers }) => ({
    anthropic_version: "bedrock-2023-05-31",
    model: undefined,
    stream: undefined,
    ...betasOf(wire.anthropic_beta === undefined ? headers?.["anthropic-beta"] : undefined),
  }),
  decodeError,
  arriving: chunks,
});

/** The vendor takes betas in a header, with commas. */
function betasOf(header: string | readonly string[] | undefined): { anthropic_beta?: string[] } {
  if (header === undefined) return {};
  const betas = [header].flat().flatMap((text) => text.split(","));
  return { anthropic_beta: betas.map((beta) => beta.trim()).filter((beta) => beta !== "") };
}

function unpacked(frame: Frame): Frame {
  if (isFailure(frame)) return errorFrame(frameError(frame), "");
  const bytes = stringIn(parseObject(frame.data)?.bytes);
  if (bytes === undefined) return frame;
  const data = Buffer.from(bytes, "base64").toString("utf8");
  return { event: stringIn(parseObject(data)?.type) ?? "", data };
}
