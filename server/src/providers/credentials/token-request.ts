import type { JsonObject } from "@bufbuild/protobuf";
import { request } from "undici";
import { GatewayError, Reason } from "../../canonical/error.ts";
import type { Clock } from "../../world.ts";
import { socketErrorInWords } from "../socket-error.ts";
import type { Fetched } from "./renewable.ts";

const maxAnswerBytes = 64 * 1024;
const waitMs = 10_000;

export interface TokenRequest {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Fields of a form that is posted. Without them it is a GET. */
  readonly form?: Readonly<Record<string, string>>;
}

/**
 * Asks an OAuth token endpoint, or a metadata server, which answers in the same shape.
 * https://datatracker.ietf.org/doc/html/rfc6749#section-5
 */
export async function fetchToken(asked: TokenRequest, clock: Clock): Promise<Fetched<string>> {
  const { host } = new URL(asked.url);
  const { status, text } = await answerOf(asked, host);
  const wire = objectIn(text);
  if (status !== 200) throw noToken(`${host} answered ${status}${saidBy(wire, text)}`);
  const token = wire?.access_token;
  if (typeof token !== "string" || token === "") throw noToken(`${host} answered without an access_token`);
  return { value: token, lifetimeMs: lifetimeMs(wire!, clock.nowMs()) };
}

async function answerOf({ url, headers, form }: TokenRequest, host: string) {
  const posted = { "content-type": "application/x-www-form-urlencoded" };
  try {
    const { statusCode, body } = await request(url, {
      method: form ? "POST" : "GET",
      headers: { accept: "application/json", ...(form && posted), ...headers },
      body: form ? new URLSearchParams(form).toString() : null,
      signal: AbortSignal.timeout(waitMs),
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body) {
      bytes += (chunk as Buffer).length;
      if (bytes > maxAnswerBytes) throw noToken(`${host} answered with more than ${maxAnswerBytes} bytes`);
      chunks.push(chunk as Buffer);
    }
    return { status: statusCode, text: Buffer.concat(chunks).toString("utf8") };
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    if ((error as Error).name === "TimeoutError") throw noToken(`${host} did not answer within ${waitMs / 1000} s`);
    throw noToken(`${host} could not be reached: ${socketErrorInWords(error as Error)}`, error);
  }
}

/** `expires_in` is in seconds, a number or a text; App Service says the time itself. */
function lifetimeMs(wire: JsonObject, nowMs: number): number {
  const lastsSeconds = Number(wire.expires_in ?? Number.NaN);
  const endsAtSeconds = Number(wire.expires_on ?? Number.NaN);
  if (lastsSeconds > 0) return lastsSeconds * 1000;
  if (endsAtSeconds > 0) return Math.max(0, endsAtSeconds * 1000 - nowMs);
  // RFC 6749 leaves it out where it is known otherwise; an hour is what everybody gives.
  return 60 * 60_000;
}

/** `{"error":"invalid_client","error_description":"AADSTS..."}`; what is not in that shape is shown a bit of. */
function saidBy(wire: JsonObject | undefined, text: string): string {
  const words = wire
    ? [wire.error, wire.error_description ?? wire.message].filter((word) => typeof word === "string")
    : [text];
  const said = words.join(": ").replace(/\s+/g, " ").trim().slice(0, 500);
  return said === "" ? "" : `: ${withoutJwt(said)}`;
}

/** A proxy may quote the assertion that was sent. */
function withoutJwt(words: string): string {
  return words.replace(/eyJ[\w-]+\.[\w-]+(\.[\w-]*)?/g, "[removed]");
}

function objectIn(text: string): JsonObject | undefined {
  try {
    const wire = JSON.parse(text) as unknown;
    return typeof wire === "object" && wire !== null && !Array.isArray(wire) ? (wire as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

/** Nothing was sent to the provider: what proves who the gateway is could not be had. */
export function noToken(why: string, cause?: unknown): GatewayError {
  const end = /[.!?]$/.test(why) ? "" : ".";
  return new GatewayError(Reason.UPSTREAM_CREDENTIAL_UNAVAILABLE, `${why}${end}`, { cause });
}
