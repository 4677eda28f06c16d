import { type ReactNode, useEffect, useId, useLayoutEffect, useRef } from "react";
import { Icon } from "./Icon.tsx";

/** A panel over the right side of the page. The browser's own dialog keeps the focus inside and gives it back. */
export function Sheet(props: { title: ReactNode; actions?: ReactNode; onClose: () => void; children: ReactNode }) {
  const { title, actions, onClose, children } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // In the layout phase, because the browser gives the focus back only while the dialog is still in the page.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    if (!element.open) element.showModal();
    return () => element.close();
  }, []);
  useEffect(() => {
    const element = dialog.current;
    // Clicking beside the sheet closes it too. What is beside it belongs to the dialog element itself.
    const onClick = (event: MouseEvent) => {
      if (event.target === element) onClose();
    };
    element?.addEventListener("click", onClick);
    return () => element?.removeEventListener("click", onClick);
  }, [onClose]);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      className="sheet fixed inset-y-0 right-0 left-auto m-0 h-dvh max-h-none w-full max-w-[720px] flex-col border-hairline border-l bg-surface shadow-floating open:flex"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header className="flex h-[52px] shrink-0 items-center gap-2 border-hairline border-b px-4">
        <h2 id={titleId} className="min-w-0 flex-1 truncate text-title">
          {title}
        </h2>
        {actions}
        <button type="button" className="control control-quiet px-1.5" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto p-4">{children}</div>
    </dialog>
  );
}
