import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { handedOver, handOver, signInApart } from "./own_window";

const OURS = "https://desk.example";
const SESSION = { token: "t", agent: "alice" };
const SAID = { desk: "signed_in", session: SESSION };

let heard: ((event: { readonly origin: string; readonly data: unknown }) => void) | null;
let opened: { closed: boolean; close(): void } | null;

beforeEach(() => {
  vi.useFakeTimers();
  heard = null;
  opened = { closed: false, close: () => undefined };
  vi.stubGlobal("location", { origin: OURS });
  vi.stubGlobal("window", { open: () => opened });
  vi.stubGlobal("addEventListener", (_: string, listener: typeof heard) => (heard = listener));
  vi.stubGlobal("removeEventListener", () => (heard = null));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a frame gets the session of who signs in in the window that it has opened", async () => {
  const signedIn = signInApart("/v1/login/oidc");
  heard?.({ origin: OURS, data: SAID });
  expect(await signedIn).toEqual(SESSION);
  expect(heard).toBeNull();
});

test("what a page of somebody else says is no session", async () => {
  const signedIn = signInApart("/v1/login/oidc");
  heard?.({ origin: "https://evil.example", data: SAID });
  heard?.({ origin: OURS, data: { desk: "hello" } });
  heard?.({ origin: OURS, data: { desk: "signed_in", session: { token: 1 } } });
  expect(heard).not.toBeNull();
  if (opened !== null) opened.closed = true;
  vi.runOnlyPendingTimers();
  expect(await signedIn).toBeNull();
});

test("where the browser opens no window nobody waits", async () => {
  opened = null;
  expect(await signInApart("/v1/login/oidc")).toBeNull();
});

test("a session is handed to a frame of the desk alone, and by the window that it has opened", () => {
  const sent: unknown[] = [];
  const frame = (origin: string) => ({ location: { origin }, postMessage: (...message: unknown[]) => sent.push(message) });
  for (const other of [
    { name: "", opener: frame(OURS) },
    { name: "callcontrol-login", opener: null },
    { name: "callcontrol-login", opener: frame("https://evil.example") },
  ]) {
    vi.stubGlobal("window", other);
    expect(handOver(SESSION)).toBe(false);
  }
  const hidden = {
    get location(): never {
      throw new DOMException("another origin", "SecurityError");
    },
  };
  vi.stubGlobal("window", { name: "callcontrol-login", opener: hidden });
  expect(handOver(SESSION)).toBe(false);
  expect(sent).toEqual([]);
  vi.stubGlobal("window", { name: "callcontrol-login", opener: frame(OURS) });
  expect(handOver({ ...SESSION, more: 1 } as typeof SESSION)).toBe(true);
  expect(sent).toEqual([[SAID, OURS]]);
});

test("anything may come as a message", () => {
  for (const data of [null, 1, "signed_in", {}, { desk: "signed_in" }, { desk: "signed_in", session: null }]) expect(handedOver(data)).toBeNull();
});
