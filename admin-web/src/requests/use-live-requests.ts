import { useEffect, useState, useSyncExternalStore } from "react";
import { pontage } from "../api.ts";
import type { LiveWord } from "../ui/LiveState.tsx";
import { LiveFeed, type LiveSnapshot } from "./live-feed.ts";

/** The live list for a page. It watches only while somebody can see it. */
export function useLiveRequests(): { feed: LiveFeed; live: LiveSnapshot } {
  const [feed] = useState(
    () =>
      new LiveFeed({
        watch: (options) => pontage.requests.watch(options),
        nowMs: () => performance.now(),
        later: (call, waitMs) => {
          const timer = setTimeout(call, waitMs);
          return () => clearTimeout(timer);
        },
      }),
  );
  useEffect(() => {
    const follow = () => (document.hidden ? feed.stop() : feed.start());
    const online = () => !document.hidden && feed.retry();
    follow();
    document.addEventListener("visibilitychange", follow);
    window.addEventListener("online", online);
    return () => {
      document.removeEventListener("visibilitychange", follow);
      window.removeEventListener("online", online);
      feed.stop();
    };
  }, [feed]);
  return { feed, live: useSyncExternalStore(feed.subscribe, feed.snapshot) };
}

/** The one word that says how live the list is. */
export function liveWord({ connection, paused }: Pick<LiveSnapshot, "connection" | "paused">): LiveWord {
  switch (connection) {
    case "live":
      return paused ? "Paused" : "Live";
    case "connecting":
      return "Connecting";
    case "reconnecting":
      return "Reconnecting";
    case "offline":
      return "Offline";
    case "stopped":
      return "Paused";
  }
}
