import type { RequestSummary } from "@pontage/sdk";
import { Icon } from "../ui/Icon.tsx";
import { Sheet } from "../ui/Sheet.tsx";
import { RequestDetail } from "./RequestDetail.tsx";

interface RequestSheetProps {
  readonly id: string;
  /** The requests the filters let through, newest first. */
  readonly shown: readonly RequestSummary[];
  /** All requests the page knows. */
  readonly known: readonly RequestSummary[];
  readonly onOpen: (id: string) => void;
  readonly onClose: () => void;
}

/** One request over the list, with the way to its neighbours. */
export function RequestSheet({ id, shown, known, onOpen, onClose }: RequestSheetProps) {
  const request = known.find((each) => each.id === id);
  const at = shown.findIndex((each) => each.id === id);
  const newer = at > 0 ? shown[at - 1] : undefined;
  const older = at >= 0 ? shown[at + 1] : undefined;
  return (
    <Sheet
      title={<span className="font-mono text-base">{id}</span>}
      onClose={onClose}
      actions={
        <>
          <Step name="previous" label="Newer request" to={newer} onOpen={onOpen} />
          <Step name="next" label="Older request" to={older} onOpen={onOpen} />
        </>
      }
    >
      {request ? (
        <RequestDetail request={request} />
      ) : (
        <p className="max-w-[72ch] text-text-2">
          This request is not among the latest ones, and older ones are not kept here. What it used and cost is in the
          ledger: <code className="font-mono text-secondary">pontage usage</code>
        </p>
      )}
    </Sheet>
  );
}

interface StepProps {
  readonly name: "previous" | "next";
  readonly label: string;
  readonly to: RequestSummary | undefined;
  readonly onOpen: (id: string) => void;
}

function Step({ name, label, to, onOpen }: StepProps) {
  return (
    <button
      type="button"
      className="control control-quiet px-1.5"
      aria-label={label}
      disabled={!to}
      onClick={() => to && onOpen(to.id)}
    >
      <Icon name={name} />
    </button>
  );
}
