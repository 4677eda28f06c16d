import type { ServiceImpl } from "@connectrpc/connect";
import type { ProviderService } from "@pontage/gen/pontage/admin/v1/provider_pb.ts";
import { GatewayError, Reason } from "../canonical/error.ts";
import { nearest } from "../edit-distance.ts";
import type { Router } from "../pipeline/router.ts";
import { walkTo } from "../providers/walk.ts";
import type { Clock } from "../world.ts";

export function providerService(router: Router, clock: Clock): ServiceImpl<typeof ProviderService> {
  return {
    listProviders() {
      return {
        providers: router.providers
          .map((provider) => ({
            name: provider.name,
            type: provider.type,
            baseUrl: provider.baseUrl,
            dialects: provider.speaks.map(({ dialect }) => dialect.id),
            credentialSource: provider.credentialSource,
            modelCount: provider.models.size,
            simulated: provider.simulated,
          }))
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
      };
    },
    async *testProvider({ name, model }) {
      const provider = router.provider(name);
      if (!provider) {
        const near = nearest(
          name,
          router.providers.map(({ name }) => name),
        );
        const hint = near ? ` Did you mean "${near}"?` : " List them with `pontage providers list`.";
        throw new GatewayError(Reason.NOT_FOUND, `There is no provider "${name}".${hint}`, { param: "name" });
      }
      yield* walkTo(provider, model, clock);
    },
  };
}
