import { getRouteApi } from "@tanstack/react-router";
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { type SignInResult, tryToken } from "../api.ts";
import { safeReturn } from "../paths.ts";
import { signIn } from "../session.ts";
import { Mark } from "../ui/Icon.tsx";

const route = getRouteApi("/login");

/** Says no more than is needed: not whether the token was short, old or of another gateway. */
const failures: Record<Exclude<SignInResult, "ok">, string> = {
  refused: "That did not work. Check the token and try again.",
  unreachable: "The gateway did not answer. Check that it is running, and try again.",
};

export default function LoginPage() {
  const { return: place } = route.useSearch();
  const navigate = route.useNavigate();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string>();
  const field = useId();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current?.focus(); // The only field of a page made for it.
    document.title = "Sign in · Pontage";
  }, []);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget).get("token") ?? "").trim();
    if (!token || busy) return;
    setBusy(true);
    setFailure(undefined);
    const result = await tryToken(token);
    setBusy(false);
    if (result !== "ok") return setFailure(failures[result]);
    signIn(token);
    await navigate({ href: safeReturn(place), replace: true });
  }

  return (
    <main className="flex min-h-full flex-col items-center px-4 pt-[16vh] pb-8">
      <form onSubmit={submit} className="flex w-full max-w-[360px] flex-col gap-4">
        <div className="flex items-center gap-2 font-semibold text-title">
          <Mark />
          Pontage
        </div>
        <h1 className="text-display">Sign in</h1>
        <div className="flex flex-col gap-1">
          <label htmlFor={field} className="font-medium">
            Admin token
          </label>
          <input
            id={field}
            name="token"
            type="password"
            required
            ref={input}
            autoComplete="current-password"
            spellCheck={false}
            aria-describedby={`${field}-help`}
            aria-invalid={failure ? true : undefined}
            className="h-[34px] rounded-control border border-control bg-surface px-2.5 font-mono"
          />
          <p id={`${field}-help`} className="text-secondary text-text-2">
            The gateway showed it at its first start, or kept it in the file admin-token. It stays in this tab until you
            sign out or close it.
          </p>
        </div>
        <p role="alert" className={failure ? "rounded-panel bg-bad-tint px-3.5 py-2.5 text-bad" : "sr-only"}>
          {failure && (
            <>
              <span aria-hidden="true">✕ </span>
              {failure}
            </>
          )}
        </p>
        <button type="submit" className="control control-primary h-[34px]" disabled={busy}>
          {busy ? "Signing in" : "Sign in"}
        </button>
      </form>
    </main>
  );
}
