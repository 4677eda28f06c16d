import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { setField } from "../../canonical/extra.ts";
import { listIn, objectIn, stringIn } from "../wire.ts";

/** Arguments that come piece by piece, each with the place where it belongs. Vertex streams them so when asked to. */
export interface PartialArguments {
  /** Takes the pieces of one `partialArgs`. */
  add(pieces: JsonValue | undefined): void;
  readonly value: JsonObject;
}

type Step = string | number;
type Container = JsonObject | JsonValue[];

/** A path longer than this is nobody's. */
const maxSteps = 100;

export function createPartialArguments(start: JsonObject): PartialArguments {
  /** The text that is not over yet. */
  let growing: string | undefined;

  function addPiece(piece: JsonObject): void {
    const path = stringIn(piece.jsonPath) ?? "";
    const steps = stepsOf(path);
    const last = steps.pop();
    if (last === undefined) throw unreadable();
    const container = containerAt(value, [...steps, last]);
    const more = pieceOf(piece);
    const before = growing === path ? get(container, last) : undefined;
    put(container, last, typeof before === "string" && typeof more === "string" ? before + more : more);
    growing = piece.willContinue === true ? path : undefined;
  }

  const value: JsonObject = { ...start };
  return {
    value,
    add(pieces) {
      for (const piece of listIn(pieces) ?? []) addPiece(objectIn(piece) ?? {});
    },
  };
}

function pieceOf(piece: JsonObject): JsonValue {
  if (typeof piece.stringValue === "string") return piece.stringValue;
  if (typeof piece.numberValue === "number") return piece.numberValue;
  return typeof piece.boolValue === "boolean" ? piece.boolValue : null;
}

/** `$.a.b[0]['c d']`. https://www.rfc-editor.org/rfc/rfc9535#name-normalized-paths */
function stepsOf(path: string): Step[] {
  const steps: Step[] = [];
  let at = 1;
  if (!path.startsWith("$")) throw unreadable();
  while (at < path.length && steps.length < maxSteps) {
    step.lastIndex = at;
    const found = step.exec(path);
    if (found === null) throw unreadable();
    const [whole, name, index, quoted] = found;
    steps.push(name ?? (index === undefined ? (quoted ?? "").replace(/\\(.)/g, "$1") : Number(index)));
    at += whole.length;
  }
  return steps;
}

const step = /\.([^.[\]'"]+)|\[(\d{1,6})\]|\[(?:'|")((?:[^'"\\]|\\.)*)(?:'|")\]/y;

/** The container of the last step, with all containers on the way. */
function containerAt(root: JsonObject, steps: readonly Step[]): Container {
  let container: Container = root;
  for (const [at, step] of steps.slice(0, -1).entries()) {
    let inner: JsonValue | undefined = get(container, step);
    if (typeof inner !== "object" || inner === null) {
      inner = typeof steps[at + 1] === "number" ? [] : {};
      put(container, step, inner);
    }
    container = inner;
  }
  return container;
}

function get(container: Container, step: Step): JsonValue | undefined {
  if (Array.isArray(container)) return typeof step === "number" ? container[step] : undefined;
  return Object.hasOwn(container, step) ? container[step] : undefined;
}

function put(container: Container, step: Step, value: JsonValue): void {
  if (!Array.isArray(container)) setField(container, String(step), value);
  // A list grows at its end: what would leave a hole is no place in it.
  else if (typeof step === "number" && step <= container.length) container[step] = value;
  else throw unreadable();
}

function unreadable(): GatewayError {
  return new GatewayError(Reason.UPSTREAM_GARBAGE, "The provider's stream puts an argument where there is no place.");
}
