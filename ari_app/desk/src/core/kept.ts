/**
 * What the browser keeps for the next visit.
 *
 * A browser may refuse it (site data blocked, as many do in a frame of another page; no room), and what is there may be
 * anything. The page works all the same, and forgets with its window.
 */
export interface Session {
  readonly token: string;
  readonly agent: string;
}

/** Whose it is: every window's of this browser, or this one's alone, which has it when its page is loaded again. */
export type Whose = "localStorage" | "sessionStorage";

const here = new Map<string, string>();

export function kept(key: string, whose: Whose = "localStorage"): string | null {
  const own = here.get(key);
  if (own !== undefined) return own;
  try {
    return globalThis[whose].getItem(key);
  } catch {
    return null;
  }
}

export function keep(key: string, value: string, whose: Whose = "localStorage"): void {
  try {
    globalThis[whose].setItem(key, value);
    here.delete(key);
  } catch {
    here.set(key, value);
  }
}

export function forget(key: string, whose: Whose = "localStorage"): void {
  here.delete(key);
  try {
    globalThis[whose].removeItem(key);
  } catch {
    // Nothing was kept.
  }
}

/** A session out of what was kept; null where it is none. */
export function readSession(text: string | null): Session | null {
  try {
    const read: unknown = JSON.parse(text ?? "null");
    if (typeof read !== "object" || read === null || !("token" in read) || !("agent" in read)) return null;
    const { token, agent } = read;
    return typeof token === "string" && typeof agent === "string" ? { token, agent } : null;
  } catch {
    return null;
  }
}
