import { TransportProvider } from "@connectrpc/connect-query";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queries, transport } from "./api.ts";
import { paths } from "./paths.ts";
import { router } from "./routes.tsx";
import { adminToken, onSessionChange } from "./session.ts";
import { applyTheme } from "./theme.ts";
import "./theme.css";

applyTheme();

// However a session ends, by the person or by the gateway, nothing of it stays on the screen or in memory.
onSessionChange(() => {
  if (adminToken()) return;
  queries.clear();
  const { pathname, href } = router.state.location;
  if (pathname !== paths.login) void router.navigate({ to: paths.login, search: { return: href } });
});

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <TransportProvider transport={transport}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </TransportProvider>
  </StrictMode>,
);
