import { createRootRoute, createRoute, createRouter, Outlet, redirect } from "@tanstack/react-router";
import CrashPage from "./pages/CrashPage.tsx";
import LoginPage from "./pages/LoginPage.tsx";
import NotFoundPage from "./pages/NotFoundPage.tsx";
import RequestsPage from "./pages/RequestsPage.tsx";
import { paths } from "./paths.ts";
import { parseSearch } from "./requests/filter.ts";
import { adminToken } from "./session.ts";
import { Shell } from "./ui/Shell.tsx";

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFoundPage, errorComponent: CrashPage });

const login = createRoute({
  getParentRoute: () => root,
  path: paths.login,
  validateSearch: (search: Record<string, unknown>): { return?: string | undefined } => ({
    return: typeof search.return === "string" ? search.return : undefined,
  }),
  component: LoginPage,
});

/** Everything that needs a session. Who has none signs in first and comes back to the same place. */
const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  beforeLoad: ({ location }) => {
    if (!adminToken()) throw redirect({ to: paths.login, search: { return: location.href } });
  },
  component: Shell,
});

const home = createRoute({
  getParentRoute: () => shell,
  path: paths.home,
  beforeLoad: () => {
    throw redirect({ to: paths.requests });
  },
});

const requests = createRoute({
  getParentRoute: () => shell,
  path: paths.requests,
  validateSearch: parseSearch,
  component: RequestsPage,
});

export const router = createRouter({
  routeTree: root.addChildren([login, shell.addChildren([home, requests])]),
  basepath: "/console",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
