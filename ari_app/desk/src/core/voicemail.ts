/** Messages that callers have left for the agent's groups: those about which something is left to be done. */
import { answer, type Api } from "../api/client";
import type { ServerEvent, Voicemail } from "./model";

type Changed = Extract<ServerEvent, { type: "voicemail.left" | "voicemail.updated" | "voicemail.deleted" }>;

const MOST = 100;

/** The newest come first. Throws `Refused`. */
export async function fetchMessages(api: Api): Promise<readonly Voicemail[]> {
  const { voicemails } = await answer(api.GET("/v1/voicemails", { params: { query: { limit: MOST } } }));
  return voicemails.filter(({ state }) => state !== "done");
}

export function isAboutMessages(event: ServerEvent): event is Changed {
  return event.type === "voicemail.left" || event.type === "voicemail.updated" || event.type === "voicemail.deleted";
}

/** The messages after an event: what is done or deleted is there no more. */
export function withChange(messages: readonly Voicemail[], { type, voicemail }: Changed): readonly Voicemail[] {
  const others = messages.filter(({ id }) => id !== voicemail.id);
  if (type === "voicemail.deleted" || voicemail.state === "done") return others;
  return [...others, voicemail].sort((one, other) => other.left_at.localeCompare(one.left_at));
}

/** Throws `Refused`. */
export async function mark(api: Api, voicemail: string, state: Voicemail["state"]): Promise<void> {
  await answer(api.PUT("/v1/voicemails/{voicemail}", { params: { path: { voicemail } }, body: { state } }));
}

/** The sound, at an address that is good in this page until it is revoked. Throws `Refused`. */
export async function fetchMessage(api: Api, voicemail: string): Promise<string> {
  const params = { path: { voicemail } };
  const sound: unknown = await answer(api.GET("/v1/voicemails/{voicemail}", { params, parseAs: "blob" }));
  return URL.createObjectURL(sound as Blob);
}
