import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ANSWERS, EventStream, QUIET, type Listener } from "./events";

class Socket {
  static readonly OPEN = 1;
  static all: Socket[] = [];
  readyState = 1;
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((close: { code: number }) => void) | null = null;
  constructor(readonly address: string) {
    Socket.all.push(this);
  }
  close(): void {
    this.closed = true;
  }
  says(seq: number): void {
    this.onmessage?.({ data: JSON.stringify({ type: "subscribed", seq, targets: [] }) });
  }
}

const happens: Record<string, () => void> = {};
const listener = { event: vi.fn(), connection: vi.fn(), sessionEnded: vi.fn(), quiet: vi.fn() } satisfies Listener;
const page = { hidden: false, addEventListener: (name: string, then: () => void) => void (happens[name] = then), removeEventListener: vi.fn() };

async function opened(): Promise<Socket> {
  new EventStream(() => Promise.resolve("ticket=t"), listener);
  await vi.advanceTimersByTimeAsync(0);
  const socket = Socket.all[0]!;
  socket.onopen?.();
  return socket;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  Socket.all = [];
  vi.stubGlobal("WebSocket", Socket);
  vi.stubGlobal("document", page);
  vi.stubGlobal("addEventListener", page.addEventListener);
  vi.stubGlobal("removeEventListener", page.removeEventListener);
  vi.stubGlobal("location", { protocol: "http:", host: "here" });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("asks for a word where none has come for a while, and is content with one", async () => {
  const socket = await opened();
  await vi.advanceTimersByTimeAsync(QUIET - 1);
  socket.says(1);
  await vi.advanceTimersByTimeAsync(QUIET - 1);
  expect(listener.quiet).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(listener.quiet).toHaveBeenCalledOnce();
  socket.says(2);
  await vi.advanceTimersByTimeAsync(ANSWERS);
  expect(socket.closed).toBe(false);
});

it("gives up a socket that answers nothing, and goes on where it broke off", async () => {
  const socket = await opened();
  socket.says(7);
  await vi.advanceTimersByTimeAsync(QUIET + ANSWERS);
  expect(socket.closed).toBe(true);
  expect(listener.connection).toHaveBeenLastCalledWith("lost");
  await vi.advanceTimersByTimeAsync(1000);
  expect(Socket.all.map((each) => each.address)).toEqual([
    "ws://here/v1/events?ticket=t",
    "ws://here/v1/events?ticket=t&since=7",
  ]);
  socket.says(8);
  expect(listener.event).toHaveBeenCalledTimes(1);
});

it("asks at once when the network, or the page, is back", async () => {
  const socket = await opened();
  happens["online"]!();
  expect(listener.quiet).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(ANSWERS);
  expect(socket.closed).toBe(true);
});

it("gives up a socket that does not open", async () => {
  new EventStream(() => Promise.resolve("ticket=t"), listener);
  await vi.advanceTimersByTimeAsync(QUIET + ANSWERS + 1000);
  expect(Socket.all.length).toBe(2);
});
