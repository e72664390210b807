/**
 * The desk in a frame of another page (`/embed`): what the two may say to each other, by `postMessage`.
 *
 * The server lets listed origins alone show the frame, and only the page around it is listened to. It begins with
 * `{"desk": "hello"}`, which is answered with `hello` and a `snapshot` of what runs; from then on it gets `{"desk": "event", "event": …}` for each event of `/v1/events`, and may ask
 * `{"desk": "do", "id": …, "verb": …}` with the API's verbs and fields. Each is answered:
 * `{"desk": "done", "id": …, "code": null}`, or with the code for which it was refused: `invalid` where there is no such
 * verb, or a field is missing.
 */
import { answer, Refused } from "../api/client";
import type { Desk } from "./desk.svelte";
import type { ServerEvent } from "./model";
import { CALL_PATHS, TARGET_PATHS } from "./paths";
import type { State } from "./store";

/** What the page around may ask; what is left out is the API's default. */
export type Wish =
  | { readonly verb: "call"; readonly target: string; readonly caller_id?: string; readonly user_data?: Record<string, string> }
  | { readonly verb: keyof typeof CALL_PATHS; readonly call: string }
  | { readonly verb: keyof typeof TARGET_PATHS; readonly call: string; readonly target: string; readonly caller_id?: string; readonly user_data?: Record<string, string> }
  | { readonly verb: "set_state"; readonly state: "ready" | "not_ready" | "logged_out"; readonly reason?: string };

type Message = { readonly desk: "hello" } | ({ readonly desk: "do"; readonly id: string | number } & Wish);

/** What anybody may say by a message: what we understand, an id to which we can but say that we do not, or nothing of ours. */
export function read(data: unknown): Message | { readonly desk: "do"; readonly id: string | number; readonly verb: null } | null {
  if (typeof data !== "object" || data === null || !("desk" in data)) return null;
  if (data.desk === "hello") return { desk: "hello" };
  if (data.desk !== "do" || !("id" in data)) return null;
  const { id } = data;
  if (typeof id !== "string" && typeof id !== "number") return null;
  return isWish(data) ? { ...data, desk: "do", id } : { desk: "do", id, verb: null };
}

function isWish(data: object): data is Wish {
  const has = (field: string): boolean => typeof (data as Record<string, unknown>)[field] === "string";
  if (!("verb" in data) || typeof data.verb !== "string") return false;
  const { verb } = data;
  if (verb === "call") return has("target");
  if (verb === "set_state") return has("state");
  return has("call") && (Object.hasOwn(CALL_PATHS, verb) || (Object.hasOwn(TARGET_PATHS, verb) && has("target")));
}

export function listenToParent(desk: Desk): void {
  let origin: string | null = null;
  const tell = (message: object): void => {
    if (origin !== null) parent.postMessage(message, origin);
  };
  addEventListener("message", (event: MessageEvent<unknown>) => {
    const message = read(event.data);
    if (event.source !== parent || parent === window || message === null) return;
    origin = event.origin;
    if (message.desk === "hello") {
      tell({ desk: "hello", version: 1 });
      const now = snapshot(desk.latest);
      if (now !== null) tell({ desk: "event", event: now });
    } else if (message.verb === null) tell({ desk: "done", id: message.id, code: "invalid" });
    else void carryOut(desk, message).then((code) => tell({ desk: "done", id: message.id, code }));
  });
  desk.listeners.add((event: ServerEvent) => tell({ desk: "event", event }));
}

/** What the stream begins with, as it would now: a page around that was loaded again learns of the calls that run. */
export function snapshot(state: State): ServerEvent | null {
  const { me, seq } = state;
  if (me === null || seq === null) return null;
  const calls = Object.values(state.calls).filter((call) => !(call.id in state.ended));
  return { type: "snapshot", seq, at: new Date(Date.now() + state.skew).toISOString(), me, calls };
}

async function carryOut(desk: Desk, wish: Wish): Promise<string | null> {
  try {
    await ask(desk, wish);
    return null;
  } catch (error) {
    if (error instanceof Refused) return error.code;
    reportError(error);
    return "internal";
  }
}

type Reaching = Extract<Wish, { readonly verb: keyof typeof TARGET_PATHS }>;

/** By its verb: whoever sends a target with a verb that has none is understood all the same. */
function reaches(wish: Wish): wish is Reaching {
  return Object.hasOwn(TARGET_PATHS, wish.verb);
}

export function ask(desk: Pick<Desk, "api" | "changeState">, wish: Wish): Promise<unknown> {
  const { api } = desk;
  if (wish.verb === "set_state") return desk.changeState(wish.state, wish.reason ?? null);
  if (wish.verb === "call") return answer(api.POST("/v1/calls", { body: body(wish) }));
  const params = { path: { call: wish.call } };
  if (reaches(wish)) return answer(api.POST(TARGET_PATHS[wish.verb], { params, body: body(wish) }));
  return answer(api.POST(CALL_PATHS[wish.verb], { params }));
}

function body(wish: { readonly target: string; readonly caller_id?: string; readonly user_data?: Record<string, string> }) {
  return { target: wish.target, caller_id: wish.caller_id ?? null, user_data: wish.user_data ?? {} };
}
