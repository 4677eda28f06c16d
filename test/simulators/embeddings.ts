import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";

/*
 * An upstream that makes vectors in four wire formats, written down a second time from the vendors' documentation and
 * recordings. It shares no code with the gateway's own encoders.
 */

type Wire = Readonly<Record<string, unknown>>;

export interface EmbeddingUpstream {
  readonly url: string;
  /** The requests for a model, with their paths. */
  requestsFor(model: string): readonly { readonly path: string; readonly wire: Wire; readonly raw: string }[];
  /** Whether the caller of a model that never answers has gone. */
  wasLeft(model: string): boolean;
  close(): Promise<void>;
}

/** The vector of a text: its length and its first letter, as 32-bit floats that are no short decimals. */
export function vectorOf(text: string): number[] {
  return [text.length / 7, (text.codePointAt(0) ?? 0) / 1000, -0.1].map(Math.fround);
}

/** What its models are named after. */
export const modelKinds = {
  plain: "plain",
  /** Says nothing of what it took. */
  silent: "silent",
  /** Answers with status 400 or 429. */
  refusing: "refuses-400",
  busy: "refuses-429",
  /** Holds no vectors, or holds what is none. */
  empty: "empty",
  /** Never answers. */
  stuck: "stuck",
  /** Fails the first time it is asked, with status 503. */
  shaky: "shaky",
  /** Makes vectors so long that an answer has more bytes than a generated one may have. */
  large: "large",
  broken: "broken",
} as const;

interface Asked {
  readonly texts: readonly string[];
  readonly model: string;
  answer(vectors: readonly (readonly number[])[], tokens: number | undefined): object;
  refusal(status: number, message: string): object;
}

const textOf = (content: unknown): string =>
  ((content as { parts?: { text?: string }[] }).parts ?? []).map(({ text }) => text ?? "").join("");

/** What a request asks for; undefined where there is nothing at its path. */
function asks(path: string, wire: Wire): Asked | undefined {
  const openaiError = (status: number, message: string) => ({
    error: { message, type: status === 429 ? "requests" : "invalid_request_error", param: null, code: null },
  });
  const googleError = (code: number, message: string) => ({
    error: { code, message, status: code === 429 ? "RESOURCE_EXHAUSTED" : "INVALID_ARGUMENT" },
  });
  const [, named, method] = /^\/v1beta\/models\/([^:]+):(\w+)$/.exec(path) ?? [];
  if (method === "batchEmbedContents") {
    const requests = wire.requests as { model: string; content: unknown }[];
    if (requests.some(({ model }) => model !== `models/${named}`)) return undefined;
    return {
      texts: requests.map(({ content }) => textOf(content)),
      model: named!,
      answer: (vectors, tokens) => ({
        embeddings: vectors.map((values) => ({ values })),
        ...(tokens === undefined ? {} : { usageMetadata: { promptTokenCount: tokens } }),
      }),
      refusal: googleError,
    };
  }
  if (method === "embedContent") {
    return {
      texts: [textOf(wire.content)],
      model: named!,
      answer: ([values], tokens) => ({
        embedding: { values },
        ...(tokens === undefined ? {} : { usageMetadata: { promptTokenCount: tokens } }),
      }),
      refusal: googleError,
    };
  }
  const model = String(wire.model);
  const input = (typeof wire.input === "string" ? [wire.input] : wire.input) as string[];
  switch (path) {
    case "/v1/embeddings":
      return {
        texts: input,
        model,
        answer: (vectors, tokens) => ({
          object: "list",
          data: vectors.map((values, index) => ({
            object: "embedding",
            index,
            embedding:
              wire.encoding_format === "base64" && model !== "floats-only"
                ? Buffer.from(Float32Array.from(values).buffer).toString("base64")
                : values,
          })),
          model,
          ...(tokens === undefined ? {} : { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
        }),
        refusal: openaiError,
      };
    case "/v2/embed":
      return {
        texts: wire.texts as string[],
        model,
        answer: (vectors, tokens) => ({
          id: "b5f5c0c6-simulated",
          texts: wire.texts,
          embeddings: { float: vectors },
          ...(tokens === undefined
            ? {}
            : { meta: { api_version: { version: "2" }, billed_units: { input_tokens: tokens } } }),
          response_type: "embeddings_by_type",
        }),
        refusal: (_, message) => ({ id: "e", message }),
      };
    case "/api/embed":
      return {
        texts: input,
        model,
        answer: (vectors, tokens) => ({
          model,
          embeddings: vectors,
          total_duration: 1,
          load_duration: 1,
          ...(tokens === undefined ? {} : { prompt_eval_count: tokens }),
        }),
        refusal: (_, message) => ({ error: message }),
      };
    case "/api/embeddings":
      return {
        texts: [wire.prompt as string],
        model,
        answer: ([embedding]) => ({ embedding }),
        refusal: (_, message) => ({ error: message }),
      };
    default:
      return undefined;
  }
}

export async function startEmbeddingUpstream(): Promise<EmbeddingUpstream> {
  const left = new Set<string>();
  const received: { model: string; path: string; wire: Wire; raw: string }[] = [];
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks).toString("utf8");
    const path = request.url!.split("?")[0]!;
    const wire = JSON.parse(raw) as Wire;
    const asked = asks(path, wire);
    const send = (status: number, body: object) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    if (!asked) return send(404, { error: { message: `nothing at ${path}` } });
    const { model, texts } = asked;
    received.push({ model, path, wire, raw });
    if (model.includes(modelKinds.stuck)) return void response.on("close", () => left.add(model));
    if (model.includes(modelKinds.shaky) && received.filter((one) => one.model === model).length === 1) {
      return send(503, asked.refusal(503, "not now"));
    }
    const refused = /refuses-(\d+)/.exec(model)?.[1];
    if (refused) return send(Number(refused), asked.refusal(Number(refused), "the upstream's own words"));
    if (model.includes(modelKinds.empty)) return send(200, asked.answer([], 1));
    if (model.includes(modelKinds.broken)) return send(200, asked.answer([["a" as unknown as number]], undefined));
    if (model.includes(modelKinds.large)) {
      const long = Array.from({ length: 3_500_000 }, (_, at) => Math.fround(Math.sin(at)));
      return send(200, asked.answer([long], 1));
    }
    const tokens = model.includes(modelKinds.silent) ? undefined : texts.join("").length;
    send(200, asked.answer(texts.map(vectorOf), tokens));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requestsFor: (model) => received.filter((one) => one.model === model),
    wasLeft: (model) => left.has(model),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
