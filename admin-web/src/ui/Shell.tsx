import { useQuery } from "@connectrpc/connect-query";
import { SystemService } from "@pontage/sdk/gen/pontage/admin/v1/system_pb";
import { Link, Outlet } from "@tanstack/react-router";
import { useId, useRef } from "react";
import { paths } from "../paths.ts";
import { signOut } from "../session.ts";
import { chooseTheme, themes, useTheme } from "../theme.ts";
import { Icon, Mark } from "./Icon.tsx";

/** What surrounds every page: the way to the others, and who and where one is. */
export function Shell() {
  const drawer = useRef<HTMLDialogElement>(null);
  return (
    <div className="flex h-full max-shell:flex-col">
      <a href="#main" className="control control-primary -top-20 fixed left-4 z-50 focus:top-3">
        Skip to content
      </a>
      <aside className="flex w-[216px] shrink-0 flex-col border-hairline border-r bg-sunken max-shell:hidden">
        <Navigation />
      </aside>
      <div className="flex h-11 shrink-0 items-center gap-2 border-hairline border-b bg-sunken px-3 shell:hidden">
        <button
          type="button"
          className="control control-quiet px-1.5"
          aria-label="Open navigation"
          onClick={() => drawer.current?.showModal()}
        >
          <Icon name="menu" />
        </button>
        <Brand />
      </div>
      <dialog
        ref={drawer}
        aria-label="Navigation"
        className="sheet fixed inset-y-0 right-auto left-0 m-0 h-dvh max-h-none w-[260px] flex-col border-hairline border-r bg-sunken shadow-floating open:flex"
      >
        <button
          type="button"
          className="control control-quiet absolute top-2.5 right-2 px-1.5"
          aria-label="Close navigation"
          onClick={() => drawer.current?.close()}
        >
          <Icon name="close" />
        </button>
        <Navigation onChoose={() => drawer.current?.close()} />
      </dialog>
      <main id="main" tabIndex={-1} className="flex min-h-0 min-w-0 flex-1 flex-col overflow-y-auto outline-none">
        <Outlet />
      </main>
    </div>
  );
}

function Brand() {
  return (
    <span className="flex items-center gap-2 font-semibold">
      <Mark />
      Pontage
    </span>
  );
}

function Navigation({ onChoose }: { onChoose?: () => void }) {
  return (
    <>
      <div className="flex h-[52px] shrink-0 items-center px-4">
        <Brand />
      </div>
      <nav aria-label="Pages" className="flex flex-1 flex-col gap-0.5 px-2 py-1">
        <Link
          to={paths.requests}
          onClick={onChoose}
          className="flex h-7 items-center gap-2 rounded-control px-2 text-text-2 hover:bg-surface"
          activeProps={{ className: "bg-selected font-medium text-text!", "aria-current": "page" }}
        >
          <Icon name="requests" />
          Requests
        </Link>
      </nav>
      <div className="flex flex-col gap-2 border-hairline border-t p-3">
        <GatewayStatus />
        <ThemeChoice />
        <button type="button" className="control" onClick={signOut}>
          Sign out
        </button>
      </div>
    </>
  );
}

/** What runs and on what. When it cannot be asked, the page itself says so; this corner stays quiet. */
function GatewayStatus() {
  const { data } = useQuery(SystemService.method.getStatus, {}, { refetchInterval: 60_000 });
  if (!data) return null;
  const place = [data.store, data.bus].filter(Boolean).join(", ");
  return (
    <p className="text-secondary text-text-2">
      <span className="block">Pontage {data.version}</span>
      <span className="block">{place}</span>
    </p>
  );
}

function ThemeChoice() {
  const theme = useTheme();
  const field = useId();
  return (
    <label htmlFor={field} className="flex items-center justify-between gap-2 text-text-2">
      Theme
      <select
        id={field}
        className="control text-text capitalize"
        value={theme}
        onChange={(event) => chooseTheme(themes.find((each) => each === event.target.value) ?? "system")}
      >
        {themes.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </label>
  );
}
