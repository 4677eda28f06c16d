import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { ModelService } from "@pontage/gen/pontage/v1/model_pb.ts";
import { GatewayError, Reason } from "../canonical/error.ts";
import { authenticate } from "../pipeline/authenticate.ts";
import type { KeyRing } from "../pipeline/key-ring.ts";
import type { Router } from "../pipeline/router.ts";
import type { Clock } from "../world.ts";
import { allModels, modelOf } from "./model-list.ts";

const defaultPageSize = 1000;

export function modelService(keys: KeyRing, router: Router, clock: Clock): ServiceImpl<typeof ModelService> {
  const check = (context: HandlerContext) => authenticate(Object.fromEntries(context.requestHeader), keys, clock);
  return {
    listModels({ pageSize, pageToken }, context) {
      check(context);
      const models = allModels(router);
      const from = pageToken ? models.findIndex(({ id }) => id > pageToken) : 0;
      if (from === -1) return { models: [] };
      const page = models.slice(from, from + (pageSize || defaultPageSize));
      const more = from + page.length < models.length;
      return { models: page, nextPageToken: more ? (page.at(-1)?.id ?? "") : "" };
    },
    getModel({ id }, context) {
      check(context);
      const { provider, model } = router.address(id);
      if (!provider.models.has(model))
        throw new GatewayError(Reason.MODEL_UNKNOWN, `${provider.name} does not list \`${model}\`.`);
      return { model: modelOf(provider, model) };
    },
  };
}
