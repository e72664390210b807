/** What is sent to the server of a text that was typed, and what is shown of what it finds: pure. */
import type { Target } from "./model";

/** So many are shown. One more is requested, which tells that there are more. */
export const SHOWN = 50;
/** Characters that the server takes, as it counts them. */
const LONGEST = 100;

/** Never half a character, which the server would refuse. */
export function query(text: string): string {
  return [...text.trim().replace(/\p{Surrogate}/gu, "")].slice(0, LONGEST).join("");
}

/** Nobody calls themselves: `agent` is left out, and counts among what was found. */
export function shown(found: readonly Target[], agent: string): { readonly targets: readonly Target[]; readonly more: boolean } {
  const others = found.filter((target) => target.target !== `agent:${agent}`);
  return { targets: others.slice(0, SHOWN), more: found.length > SHOWN };
}
