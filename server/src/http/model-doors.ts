import type { JsonObject } from "@bufbuild/protobuf";
import type { Model } from "@pontage/gen/pontage/v1/model_pb.ts";
import { GatewayError, Reason } from "../canonical/error.ts";
import { authenticate } from "../pipeline/authenticate.ts";
import type { KeyRing } from "../pipeline/key-ring.ts";
import type { Router } from "../pipeline/router.ts";
import type { Clock } from "../world.ts";
import type { HttpRequest } from "./listener.ts";
import {
  allModels,
  geminiModelListObject,
  geminiModelObject,
  modelListObject,
  modelObject,
  ollamaModelListObject,
} from "./model-list.ts";
import { headersWithQueryKey } from "./query-key.ts";

export interface ModelDoorTools {
  readonly keys: KeyRing;
  readonly router: Router;
  readonly clock: Clock;
}

/** How a list of models and one model are written. */
interface Shape {
  readonly list: (models: readonly Model[]) => JsonObject;
  readonly one: (model: Model) => JsonObject;
}

/** One shape serves OpenAI's and Anthropic's clients. */
const common: Shape = { list: modelListObject, one: modelObject };
const gemini: Shape = { list: geminiModelListObject, one: geminiModelObject };

/** Below these paths clients ask for models, by GET. Google's libraries use the first one too, since their version 3. */
export const modelPaths = ["/v1/models", "/v1beta/models", "/v1alpha/models", "/models"] as const;

/** Where Ollama's clients look for models, and ask whether the server is one of theirs. */
export const ollamaPaths = { tags: "/api/tags", version: "/api/version" } as const;

/** The version of Ollama whose API its clients find here: they switch on what they use by it. */
export const ollamaVersion = { version: "0.13.0" };

/** Lists models, and tells of one, in the shape that the client reads. */
export function modelDoors({ keys, router, clock }: ModelDoorTools) {
  const models = (request: HttpRequest): Model[] => {
    authenticate(headersWithQueryKey(request), keys, clock);
    return allModels(router);
  };
  return {
    list: (request: HttpRequest): JsonObject => shapeFor(request).list(models(request)),
    tags: (request: HttpRequest): JsonObject => ollamaModelListObject(models(request)),
    one(request: HttpRequest, name: string): JsonObject {
      const known = models(request);
      const { provider, model } = router.address(name);
      const found = known.find(({ id }) => id === `${provider.name}/${model}`);
      if (found) return shapeFor(request).one(found);
      throw new GatewayError(Reason.MODEL_UNKNOWN, `${provider.name} does not list \`${model}\`.`, { param: "model" });
    },
  };
}

/** Whether a client is one of Google's: by a path that only Google has, or by how it sends its key. */
export function isGoogleClient(request: HttpRequest): boolean {
  const { url = "", headers } = request;
  return /^\/v1(beta|alpha)\//.test(url) || headers["x-goog-api-key"] !== undefined || /[?&]key=/.test(url);
}

function shapeFor(request: HttpRequest): Shape {
  return isGoogleClient(request) ? gemini : common;
}
