/** Who hears whom, said by each who hears: pure. */
import type { Ear } from "./model";

/** What one of them hears: everybody else, nobody, or these, by their ids. */
export type Heard = "everybody" | "nobody" | readonly string[];

export interface Listener {
  readonly id: string;
  readonly heard: Heard;
  readonly sound: Ear["sound"];
}

/** Of those whom the page knows. To hear the only other one is not to hear everybody: it is said by name. */
export function listeners(matrix: readonly Ear[], known: ReadonlySet<string>): Listener[] {
  const present = matrix.filter(({ ear }) => known.has(ear));
  return present.map(({ ear, hears, sound }) => {
    const others = present.map((other) => other.ear).filter((other) => other !== ear);
    const heard = others.filter((other) => hears.includes(other));
    if (heard.length === 0) return { id: ear, heard: "nobody", sound };
    return { id: ear, heard: heard.length > 1 && heard.length === others.length ? "everybody" : heard, sound };
  });
}
