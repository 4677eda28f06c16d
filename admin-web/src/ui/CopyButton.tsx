import { useEffect, useState } from "react";
import { Icon } from "./Icon.tsx";

/** Copies a text and says so. `what` names it for people who do not see the icon. */
export function CopyButton({ text, what, quiet = false }: { text: string; what: string; quiet?: boolean }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(""), 2000);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = () =>
    writeText(text).then(
      () => setSaid("Copied"),
      () => setSaid("Select and copy by hand"),
    );
  return (
    <button type="button" className={`control ${quiet ? "control-quiet h-6 px-1.5" : ""}`} onClick={copy}>
      <Icon name="copy" />
      <span className={quiet && !said ? "sr-only" : ""} aria-live="polite">
        {said || `Copy ${what}`}
      </span>
    </button>
  );
}

/** The clipboard of the browser exists only on HTTPS and localhost; a gateway on a bare address has to fall back. */
async function writeText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error("not copied");
}
