import { useSyncExternalStore } from "react";

const storageKey = "pontage.admin-token";

let token = read();
const listeners = new Set<() => void>();

/** The admin token of this tab, or nothing. It lives in memory and, across reloads, in the tab's own storage only. */
export function adminToken(): string | undefined {
  return token;
}

/** Signs this tab in. */
export function signIn(secret: string): void {
  token = secret;
  // A browser that forbids storage still works until the next reload.
  attempt(() => sessionStorage.setItem(storageKey, secret));
  tell();
}

/** Signs this tab out and forgets the token. */
export function signOut(): void {
  token = undefined;
  attempt(() => sessionStorage.removeItem(storageKey));
  tell();
}

/** Whether this tab is signed in. */
export function useSignedIn(): boolean {
  return useSyncExternalStore(onSessionChange, () => token !== undefined);
}

/** Calls back after every sign-in and sign-out. */
export function onSessionChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(): void {
  for (const listener of listeners) listener();
}

function read(): string | undefined {
  return attempt(() => sessionStorage.getItem(storageKey) ?? undefined);
}

function attempt<T>(use: () => T): T | undefined {
  try {
    return use();
  } catch {
    return undefined;
  }
}
