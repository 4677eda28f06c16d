import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type { SystemService } from "@pontage/gen/pontage/admin/v1/system_pb.ts";

export interface SystemFacts {
  readonly version: string;
  readonly startTimeMs: number;
  readonly store: "embedded" | "postgresql";
  readonly bus: "in-process" | "nats";
  readonly producer: string;
  readonly inFlight: () => number;
  readonly pendingEvents: () => number;
}

export function systemService(facts: SystemFacts): ServiceImpl<typeof SystemService> {
  return {
    getStatus() {
      return {
        version: facts.version,
        startTime: timestampFromMs(facts.startTimeMs),
        store: facts.store,
        bus: facts.bus,
        producer: facts.producer,
        inFlight: facts.inFlight(),
        pendingEvents: BigInt(facts.pendingEvents()),
      };
    },
  };
}
