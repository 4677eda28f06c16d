import { toBinary } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  type EmbeddingRequest,
  EmbeddingRequestSchema,
  type EmbeddingService,
} from "@pontage/gen/pontage/v1/embedding_pb.ts";
import { embedding } from "../dialects/codec.ts";
import { CanonicalRequest } from "../payload/request.ts";
import { receiptOf, rpcCalls } from "./rpc-calls.ts";
import type { DoorTools } from "./wire-door.ts";

/** Our own RPC for vectors. */
export function embeddingService(tools: DoorTools): ServiceImpl<typeof EmbeddingService> {
  const { begin, once, tell } = rpcCalls(tools);
  return {
    embed({ request }, context) {
      const running = begin(() => embedded(request), "embed", context);
      const { call } = running;
      return once(running, (reply) => {
        tell(call, context);
        if (reply.kind !== "vectors") throw new Error("vectors were asked for");
        return { reply: reply.value(), receipt: receiptOf(call) };
      });
    },
  };
}

/** The validation interceptor has seen to it that there is one. */
function embedded(request: EmbeddingRequest | undefined): CanonicalRequest<EmbeddingRequest> {
  const head = { model: request!.model, stream: false, showUsage: true, maxOutputTokens: 0 };
  return new CanonicalRequest(embedding, request!, head, toBinary(EmbeddingRequestSchema, request!).length);
}
