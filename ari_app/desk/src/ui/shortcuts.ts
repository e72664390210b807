/** Keys that work wherever the keyboard is in the page. Two modifiers: nothing that anybody types. */
import { tinykeys } from "tinykeys";
import type { Desk } from "../core/desk.svelte";
import { ringsForMe } from "../core/views";

export const SHORTCUTS = {
  accept: "Control+Alt+A",
  decline: "Control+Alt+D",
  hold: "Control+Alt+H",
  end: "Control+Alt+E",
  team: "Control+Alt+K",
} as const;

/** Returns what takes them away again. */
export function listen(desk: Desk): () => void {
  const rings = (): string | undefined => desk.calls.find(ringsForMe)?.id;
  const keys = {
    "Control+Alt+KeyA": (event) => act(event, rings(), (id) => desk.plain(id, "answer")),
    "Control+Alt+KeyD": (event) => act(event, rings(), (id) => desk.plain(id, "release")),
    "Control+Alt+KeyH": (event) => {
      const call = desk.team.subject;
      const verb = call?.actions.includes("hold") ? "hold" : call?.actions.includes("retrieve") ? "retrieve" : null;
      if (verb !== null) act(event, call?.id, (id) => desk.plain(id, verb));
    },
    "Control+Alt+KeyE": (event) => {
      if (desk.team.subject?.actions.includes("release")) act(event, desk.team.subject.id, (id) => desk.plain(id, "release"));
    },
    "Control+Alt+KeyK": (event) => {
      event.preventDefault();
      document.getElementById("team-search")?.focus();
    },
  } satisfies Record<string, (event: KeyboardEvent) => void>;
  return tinykeys(window, keys, { ignore: writes });
}

/** In a text box too the keys are the page's, but for those that write there: where AltGr is Ctrl+Alt, AltGr+E is a €. */
function writes(event: KeyboardEvent): boolean {
  const inBox = event.target instanceof Element && event.target.matches("input, textarea");
  return event.repeat || event.isComposing || (inBox && event.getModifierState("AltGraph"));
}

function act(event: KeyboardEvent, call: string | undefined, verb: (id: string) => Promise<unknown>): void {
  if (call === undefined) return;
  event.preventDefault();
  void verb(call);
}
