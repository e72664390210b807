/** What the agent's own day is made of besides its figures: fetched when it is to be seen, and when the history has changed. */
import { answer, type Api } from "../api/client";
import type { components } from "../api/schema";
import type { Missed, PastCall, Recording } from "./model";

type Page = components["schemas"]["HistoryDocument"];

/** Calls of one page of the history. */
const PAGE = 50;
const MOST_RECORDINGS = 100;

/** The newest come first. `more`: there are calls before these. */
export interface Today {
  readonly missed: Missed;
  readonly calls: readonly PastCall[];
  readonly more: boolean;
  readonly recordings: readonly Recording[];
}

/** So many pages of calls since then; `hears`: with what was recorded of them. Throws `Refused`. */
export async function fetchToday(api: Api, agent: string, since: string, pages: number, hears: boolean): Promise<Today> {
  const missed = await answer(api.GET("/v1/me/missed"));
  const calls: PastCall[] = [];
  let cursor: string | undefined;
  do {
    const query = { agent, from: since, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
    const page: Page = await answer(api.GET("/v1/history", { params: { query } }));
    calls.push(...page.calls);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined && calls.length < pages * PAGE);
  const recordings = hears && calls.length > 0 ? await fetchRecordings(api, agent, since) : [];
  return { missed, calls, more: cursor !== undefined, recordings };
}

async function fetchRecordings(api: Api, agent: string, from: string): Promise<readonly Recording[]> {
  const query = { agent, from, limit: MOST_RECORDINGS };
  return (await answer(api.GET("/v1/recordings", { params: { query } }))).recordings;
}

/** The agent has looked at the calls that they missed until then. Throws `Refused`. */
export async function seeMissed(api: Api, until: string): Promise<void> {
  await answer(api.PUT("/v1/me/missed/seen", { body: { until } }));
}

/** The sound of a recording, at an address that is good in this page until it is revoked. Throws `Refused`. */
export async function fetchSound(api: Api, recording: string): Promise<string> {
  const params = { path: { recording } };
  const sound: unknown = await answer(api.GET("/v1/recordings/{recording}", { params, parseAs: "blob" }));
  return URL.createObjectURL(sound as Blob);
}
