/**
 * The desk in a frame of another page (`/embed`): what the two may say to each other, by `postMessage`.
 *
 * The server lets listed origins alone show the frame, and only the page around it is listened to. It begins with
 * `{"desk": "hello"}`; from then on it gets `{"desk": "event", "event": …}` for each event of `/v1/events`, and may ask
 * `{"desk": "do", "id": …, "verb": …}` with the API's verbs and fields. Each is answered:
 * `{"desk": "done", "id": …, "code": null}`, or with the code for which it was refused.
 */
import { answer, Refused } from "../api/client";
import type { Desk } from "./desk.svelte";
import type { ServerEvent } from "./model";
import { CALL_PATHS, TARGET_PATHS } from "./paths";

/** What the page around may ask; what is left out is the API's default. */
export type Wish =
  | { readonly verb: "call"; readonly target: string; readonly caller_id?: string; readonly user_data?: Record<string, string> }
  | { readonly verb: keyof typeof CALL_PATHS; readonly call: string }
  | { readonly verb: keyof typeof TARGET_PATHS; readonly call: string; readonly target: string; readonly caller_id?: string; readonly user_data?: Record<string, string> }
  | { readonly verb: "set_state"; readonly state: "ready" | "not_ready" | "logged_out"; readonly reason?: string };

type Message = { readonly desk: "hello" } | ({ readonly desk: "do"; readonly id: string | number } & Wish);

/** Whether somebody has said what we understand; anything may come in a message. */
export function understood(data: unknown): data is Message {
  if (typeof data !== "object" || data === null || !("desk" in data)) return false;
  if (data.desk === "hello") return true;
  if (data.desk !== "do" || !("id" in data) || !("verb" in data)) return false;
  if (typeof data.id !== "string" && typeof data.id !== "number") return false;
  const { verb } = data;
  const has = (field: string): boolean => field in data && typeof (data as Record<string, unknown>)[field] === "string";
  if (verb === "call") return has("target");
  if (verb === "set_state") return has("state");
  if (typeof verb !== "string") return false;
  return has("call") && (Object.hasOwn(CALL_PATHS, verb) || (Object.hasOwn(TARGET_PATHS, verb) && has("target")));
}

export function listenToParent(desk: Desk): void {
  let origin: string | null = null;
  const tell = (message: object): void => {
    if (origin !== null) parent.postMessage(message, origin);
  };
  addEventListener("message", (event: MessageEvent<unknown>) => {
    if (event.source !== parent || parent === window || !understood(event.data)) return;
    origin = event.origin;
    const message = event.data;
    if (message.desk === "hello") tell({ desk: "hello", version: 1 });
    else void carryOut(desk, message).then((code) => tell({ desk: "done", id: message.id, code }));
  });
  desk.listeners.add((event: ServerEvent) => tell({ desk: "event", event }));
}

async function carryOut(desk: Desk, wish: Wish): Promise<string | null> {
  try {
    await ask(desk, wish);
    return null;
  } catch (error) {
    if (error instanceof Refused) return error.code;
    throw error;
  }
}

function ask({ api }: Desk, wish: Wish): Promise<unknown> {
  if (wish.verb === "set_state") {
    const body = { state: wish.state, reason: wish.reason ?? null, extend: null };
    return answer(api.PUT("/v1/me/state", { body }));
  }
  if (wish.verb === "call") return answer(api.POST("/v1/calls", { body: body(wish) }));
  const params = { path: { call: wish.call } };
  if ("target" in wish) return answer(api.POST(TARGET_PATHS[wish.verb], { params, body: body(wish) }));
  return answer(api.POST(CALL_PATHS[wish.verb], { params }));
}

function body(wish: { readonly target: string; readonly caller_id?: string; readonly user_data?: Record<string, string> }) {
  return { target: wish.target, caller_id: wish.caller_id ?? null, user_data: wish.user_data ?? {} };
}
