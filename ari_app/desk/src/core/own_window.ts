/**
 * Signing in by the issuer where the desk is in a frame. The issuer would refuse to be shown there, and what browsers keep for
 * a window they do not show to a frame of another site. So a window of its own does it, and hands the session over to the
 * frame that has opened it: both are pages of the desk, and of one origin.
 */
import { readSession, type Session } from "./kept";

const NAME = "callcontrol-login";
const SHOWN_AS = "popup,width=520,height=720";
/** Milliseconds between two looks whether it was closed. */
const LOOKS = 300;

export function isFramed(): boolean {
  return window !== window.top;
}

/** The session of whoever signs in there. Null: the window was closed, cut off from this frame, or not opened at all. */
export function signInApart(path: string): Promise<Session | null> {
  const there = window.open(path, NAME, SHOWN_AS);
  if (there === null) return Promise.resolve(null);
  return new Promise((resolve) => {
    const end = (session: Session | null): void => {
      clearInterval(looking);
      removeEventListener("message", hear);
      there.close();
      resolve(session);
    };
    const hear = (event: MessageEvent<unknown>): void => {
      if (event.origin !== location.origin) return;
      const session = handedOver(event.data);
      if (session !== null) end(session);
    };
    const looking = setInterval(() => {
      if (there.closed) end(null);
    }, LOOKS);
    addEventListener("message", hear);
  });
}

/** In that window: the session goes to the frame. False where this is no such window, or its frame is not to be reached. */
export function handOver(session: Session): boolean {
  const frame = window.opener as Window | null;
  if (window.name !== NAME || frame === null) return false;
  try {
    if (frame.location.origin !== location.origin) return false;
  } catch {
    return false; // a page of somebody else's
  }
  frame.postMessage({ desk: "signed_in", session: { token: session.token, agent: session.agent } }, location.origin);
  return true;
}

/** The session in a message of that window; null where it is something else. */
export function handedOver(data: unknown): Session | null {
  if (typeof data !== "object" || data === null || !("desk" in data) || data.desk !== "signed_in" || !("session" in data)) return null;
  return readSession(JSON.stringify(data.session));
}
