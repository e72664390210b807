import { describe, expect, it } from "vitest";
import { alice, AT, call, day, events, me, NOW, party, target } from "./examples";
import type { AgentDocument, AgentRow, LiveTarget, Raised, ServerEvent } from "./model";
import { Known } from "./known";
import { initial, type State } from "./store";
import { interactions, LINGER } from "./views";

const after = (...all: ServerEvent[]): State => from(initial, ...all);

function agent(id: string, more: Partial<AgentDocument> = {}): AgentDocument {
  const { caller_ids: _, default_caller_id: __, reasons: ___, features: ____, groups: _____, ...shape } = me();
  return { ...shape, agent: id, ...more };
}

const SHARE = { numerator: 1, denominator: 2 };
const QUEUE: LiveTarget = {
  target: "queue:sales",
  name: "Sales queue",
  waiting: 0,
  oldest_queued_at: null,
  callbacks: 0,
  talking: 0,
  agents: {},
  available: 0,
  opening: { open: true, changes_at: null, opening: "hours", hours: null, until: null, by: null, at: null },
  answered: SHARE,
  service_level: SHARE,
  abandoned: SHARE,
  speed_of_answer: SHARE,
  as_of: AT,
};
const asRow = (agent: AgentDocument): AgentRow => ({ ...agent, calls: [], groups: [] });

function from(state: State, ...all: ServerEvent[]): State {
  const known = new Known(state);
  for (const event of all) known.take(event, NOW);
  return known.picture();
}

describe("what the page knows", () => {
  it("is what the snapshot says, and nothing of before", () => {
    const state = after(
      ...events(
        { type: "snapshot", me: me(), calls: [call({ id: "old" })] },
        { type: "call.alarm", call_id: "old", alarm: "held_too_long", since: AT },
        { type: "subscribed", targets: [target()] },
        { type: "snapshot", me: me({ state: "on_call" }), calls: [call()] },
      ),
    );
    expect(Object.keys(state.calls)).toEqual(["c1"]);
    expect([state.me?.state, state.alarms, state.found, state.seq]).toEqual(["on_call", {}, null, 4]);
  });

  it("has the agent's own day as it was reported last, whatever is late", () => {
    const later = day({ calls: 2 }, { as_of: "2026-11-28T12:00:01.000Z" });
    const known = new Known();
    for (const event of events({ type: "snapshot", me: me(), calls: [] }, { type: "day.updated", day: later })) known.take(event, NOW);
    known.day(day({ calls: 1 }));
    expect(known.now.day?.figures.calls).toBe(2);
  });

  it("counts the searches that were answered, also by a refusal, from each snapshot on", () => {
    const [snapshot, ...said] = events(
      { type: "snapshot", me: me(), calls: [] },
      { type: "subscribed", targets: [target()] },
      { type: "error", operation: "subscribe", problem: { type: "about:blank", title: "", status: 422, code: "invalid", detail: "", errors: [] } },
    );
    expect(after(snapshot!, ...said).answered).toBe(2);
    expect(after(...said, snapshot!).answered).toBe(0);
  });

  it("has found nothing where a search was refused: what another text has found is not its answer", () => {
    const state = after(
      ...events(
        { type: "snapshot", me: me(), calls: [] },
        { type: "subscribed", targets: [target()] },
        { type: "error", operation: "subscribe", problem: { type: "about:blank", title: "", status: 422, code: "invalid", detail: "", errors: [] } },
      ),
    );
    expect(state.found).toEqual([]);
  });

  it("replaces a call whole by what the newest event tells", () => {
    const state = after(
      ...events(
        { type: "snapshot", me: me(), calls: [] },
        { type: "call.created", call: call({ state: "ringing", actions: ["answer", "release"] }) },
        { type: "call.updated", call: call({ actions: ["hold"] }) },
      ),
    );
    expect(state.calls["c1"]).toEqual(call({ actions: ["hold"] }));
  });

  it("counts a call that others go on with as none of the agent's, once they have left", () => {
    const [made, left] = events(
      { type: "call.created", call: call() },
      { type: "call.updated", call: call({ parties: [party(), alice({ state: "left" })] }) },
    );
    expect([after(made!).mine.has("c1"), after(made!, left!).mine.has("c1")]).toEqual([true, false]);
  });

  it("keeps a call that ended to be seen for a moment, with nothing that could be done to it", () => {
    const state = after(
      ...events(
        { type: "snapshot", me: me(), calls: [call({ actions: ["hold", "release"] })] },
        { type: "call.ended", call: call({ state: "released", actions: ["hold"], parties: [alice({ state: "left", you: false })] }) },
      ),
    );
    expect(interactions(state, NOW).map((c) => [c.state, c.actions])).toEqual([["released", []]]);
    expect(interactions(state, NOW + LINGER)).toEqual([]);
    expect(interactions({ ...state, me: me({ state: "wrap_up" }) }, NOW + 60_000)).toHaveLength(1);
  });

  it("forgets the last call that ended when the next one does", () => {
    const state = after(
      ...events(
        { type: "snapshot", me: me(), calls: [call(), call({ id: "c2" })] },
        { type: "call.ended", call: call({ state: "released" }) },
        { type: "call.ended", call: call({ id: "c2", state: "released" }) },
      ),
    );
    expect(Object.keys(state.calls)).toEqual(["c2"]);
    expect([...state.mine]).toEqual(["c2"]);
  });

  it("tells the calls of an overseer from those of others", () => {
    const others = call({ id: "c9", parties: [party(), alice({ you: false })] });
    const state = after(...events({ type: "snapshot", me: me({ role: "supervisor" }), calls: [others, call()] }));
    expect(interactions(state, NOW).map((c) => c.id)).toEqual(["c1"]);
    const left = call({ parties: [party(), alice({ you: false, state: "left" })] });
    const gone = from(state, { type: "call.updated", call: left, seq: 2, at: AT });
    expect(interactions(gone, NOW)).toEqual([]);
  });

  it("has the last emergencies until each is noted, also over a new snapshot", () => {
    const known = new Known();
    for (const seq of [1, 2, 3, 4, 5, 6]) {
      known.take({ type: "emergency.dialled", agent: seq === 6 ? null : "bob", phone: "1002", number: "112", seq, at: AT }, NOW);
    }
    expect(known.picture().emergencies[0]).toEqual({ id: 6, agent: null, phone: "1002", number: "112", at: NOW });
    known.noted(5);
    known.take({ type: "snapshot", me: me({ role: "supervisor" }), calls: [], seq: 7, at: AT }, NOW);
    expect(known.picture().emergencies.map(({ id }) => id)).toEqual([6, 4, 3]);
    known.forget();
    expect(known.picture().emergencies).toEqual([]);
  });

  it("has an alarm as long as somebody is on hold", () => {
    const alarmed = after(
      ...events(
        { type: "snapshot", me: me(), calls: [call({ state: "held" })] },
        { type: "call.alarm", call_id: "c1", alarm: "held_too_long", since: AT },
        { type: "call.updated", call: call({ state: "held" }) },
      ),
    );
    expect(alarmed.alarms).toEqual({ c1: "held_too_long" });
    expect(from(alarmed, { type: "call.updated", call: call(), seq: 4, at: AT }).alarms).toEqual({});
  });

  it("shows a count at once, and asks what may be done then", () => {
    const none = { type: "target.updated", target: "group:support", available: 0, state: null, as_of: AT } as const;
    const found = after(
      ...events({ type: "snapshot", me: me(), calls: [] }, { type: "subscribed", targets: [target()] }, none),
    );
    expect([found.found?.[0]?.available, found.stale]).toEqual([0, true]);
    const elsewhere = after(
      ...events({ type: "subscribed", targets: [target()] }, { ...none, target: "group:sales" }),
    );
    expect([elsewhere.found, elsewhere.stale]).toEqual([[target()], false]);
  });

  it("keeps of oneself what an event does not tell", () => {
    const { caller_ids: _, default_caller_id: __, reasons: ___, features: ____, groups: _____, ...reported } = me({ state: "wrap_up" });
    const state = after(...events({ type: "snapshot", me: me(), calls: [] }, { type: "agent.updated", agent: reported }));
    expect(state.me).toEqual(me({ state: "wrap_up" }));
    const bob = after(...events({ type: "snapshot", me: me(), calls: [] }, { type: "agent.updated", agent: { ...reported, agent: "bob" } }));
    expect([bob.me, bob.agents["bob"]?.state]).toEqual([me(), "wrap_up"]);
  });

  it("updates the offer of a call that it knows, and no other", () => {
    const offer = { id: "o", kind: "transfer", target: "agent:bob", ringing: ["bob"], state: "declined", caller_id: null, ring_until: null } as const;
    const state = after(
      ...events(
        { type: "snapshot", me: me(), calls: [call()] },
        { type: "offer.updated", call_id: "c1", offer: { ...offer, ringing: [...offer.ringing] } },
        { type: "offer.updated", call_id: "c7", offer: null },
      ),
    );
    expect(state.calls["c1"]?.offer?.state).toBe("declined");
    expect(Object.keys(state.calls)).toEqual(["c1"]);
  });

  it("remembers what people and targets are called", () => {
    const state = after(
      ...events(
        { type: "snapshot", me: me(), calls: [] },
        { type: "call.created", call: call() },
        { type: "subscribed", targets: [target()] },
        { type: "subscribed", targets: null },
      ),
    );
    expect(state.names).toEqual({ "agent:alice": "Alice Martin", "group:support": "Support" });
  });

  it("has for overseers everybody and every queue as they were last reported", () => {
    const { caller_ids: _, default_caller_id: __, reasons: ___, features: ____, groups: _____, ...alice } = me();
    const known = new Known();
    expect(known.now.overseen).toBe(false);
    known.overview([{ ...alice, calls: [], groups: [] }], [QUEUE], initial);
    expect(known.now.overseen).toBe(true);
    const requested = known.picture();
    expect([requested.agents["alice"]?.state, requested.live["queue:sales"]?.waiting]).toEqual(["ready", 0]);
    const reported = from(requested, { type: "queue.updated", queue: { ...QUEUE, waiting: 3 }, seq: 1, at: AT });
    expect(reported.live["queue:sales"]?.waiting).toBe(3);
  });

  it("has boxes of messages by their names, for alarms about them", () => {
    const known = new Known();
    known.boxes([{ box: "support", name: "Support" }, { box: "help", name: "help" }]);
    expect(known.now.names).toEqual({ "voicemail:support": "Support" });
  });

  it("has for overseers what is wrong until it is over, and what an event has changed since it was requested", () => {
    const alarm = (id: string): Raised => ({
      id, alarm: "oldest_wait", subject: "queue:sales", raised_at: AT, cleared_at: null, value: 60, limit: 60, detail: null,
    });
    const known = new Known();
    known.alarms([alarm("a"), alarm("b")], initial);
    const before = known.picture();
    known.take({ type: "alarm.raised", alarm: alarm("c"), seq: 1, at: AT }, NOW);
    known.take({ type: "alarm.cleared", alarm: alarm("a"), seq: 2, at: AT }, NOW);
    expect(Object.keys(known.picture().raised)).toEqual(["b", "c"]);
    known.alarms([alarm("a")], before);
    expect(Object.keys(known.picture().raised)).toEqual(["c"]);
  });

  it("ignores what a newer server may tell, but for its number and time", () => {
    const unknown = { type: "weather.updated", seq: 9, at: AT } as unknown as ServerEvent;
    const known = new Known();
    known.take(unknown, NOW - 250);
    expect(known.picture()).toEqual({ ...initial, seq: 9, skew: 250 });
  });

  it("leaves a picture as it was, and copies for the next what has changed, once", () => {
    const known = new Known();
    const [snapshot, found, ...more] = events(
      { type: "snapshot", me: me(), calls: [call()] },
      { type: "subscribed", targets: [target(), target({ target: "agent:bob", type: "agent" })] },
      { type: "agent.updated", agent: agent("bob") },
      { type: "agent.updated", agent: agent("bob", { state: "on_call" }) },
      { type: "target.updated", target: "agent:bob", available: null, state: "on_call", as_of: AT },
    ) as [ServerEvent, ServerEvent, ...ServerEvent[]];
    known.take(snapshot, NOW);
    known.take(found, NOW);
    const before = known.picture();
    const copy = structuredClone(before);
    for (const event of more) known.take(event, NOW);
    const { agents } = known.now;
    known.take({ type: "agent.updated", agent: agent("carol"), seq: 9, at: AT }, NOW);
    expect(known.now.agents).toBe(agents);
    const next = known.picture();
    expect(before).toEqual(copy);
    expect([next.agents["bob"]?.state, next.found?.[1]?.state, next.found?.[0]]).toEqual(["on_call", "on_call", target()]);
    expect(next.found?.[0]).toBe(before.found?.[0]);
    for (const part of ["calls", "mine", "names", "live", "hearing", "me"] as const) expect(next[part]).toBe(before[part]);
  });

  it("orders people by name when one is new, renamed or has no phone any more, and not when a state changes", () => {
    const known = new Known();
    known.overview([agent("a2", { name: "Zoé 10" }), agent("a1", { name: "Zoé 9" }), agent("a3", { phone: null })].map(asRow), [], initial);
    const first = known.picture();
    expect(first.roll).toEqual(["a1", "a2"]);
    known.take({ type: "agent.updated", agent: agent("a2", { name: "Zoé 10", state: "on_call" }), seq: 1, at: AT }, NOW);
    expect(known.picture().roll).toBe(first.roll);
    known.take({ type: "agent.updated", agent: agent("a2", { name: "Anna" }), seq: 2, at: AT }, NOW);
    expect(known.picture().roll).toEqual(["a2", "a1"]);
  });

  it("keeps what an event has changed since an overview was requested", () => {
    const known = new Known();
    known.overview([agent("bob"), agent("carol")].map(asRow), [], initial);
    const before = known.picture();
    known.take({ type: "agent.updated", agent: agent("bob", { state: "on_call" }), seq: 1, at: AT }, NOW);
    known.overview([agent("bob"), agent("carol", { state: "wrap_up" })].map(asRow), [], before);
    const { agents } = known.picture();
    expect([agents["bob"]?.state, agents["carol"]?.state]).toEqual(["on_call", "wrap_up"]);
  });

  it("forgets who is no longer listed, but not whom an event has brought since the overview was requested", () => {
    const known = new Known();
    const queue = (target: string): LiveTarget => ({ ...QUEUE, target, name: target });
    known.overview([agent("bob"), agent("carol")].map(asRow), [queue("queue:sales"), queue("queue:old")], initial);
    const before = known.picture();
    known.take({ type: "agent.updated", agent: agent("dave"), seq: 1, at: AT }, NOW);
    known.overview([asRow(agent("carol"))], [queue("queue:new"), queue("queue:sales")], before);
    const { agents, roll, live } = known.picture();
    expect([Object.keys(agents), roll, Object.keys(live).sort()]).toEqual([["carol", "dave"], ["carol", "dave"], ["queue:new", "queue:sales"]]);
  });

  it("keeps no more than there is to know, however many events come", () => {
    const known = new Known();
    known.take({ type: "snapshot", me: me({ role: "supervisor" }), calls: [], seq: 1, at: AT }, NOW);
    // A number that counts has more digits in time, and needs no more room.
    const kept = (_: string, value: unknown): unknown => (typeof value === "number" ? 0 : value);
    const size = (state: State): number => JSON.stringify({ ...state, mine: [...state.mine] }, kept).length;
    const sizes: number[] = [];
    for (let seq = 2; seq < 2000; seq += 1) {
      const id = `call-${1000 + seq}`;
      const typed = target({ target: `number:+33${1000 + seq}`, type: "number", name: `+33${1000 + seq}` });
      for (const bare of events(
        { type: "call.created", call: call({ id }) },
        { type: "call.alarm", call_id: id, alarm: "held_too_long", since: AT },
        { type: "call.hearing", call_id: id, matrix: [{ ear: "p1", hears: ["p2"], sound: "talk" }] },
        { type: "subscribed", targets: [typed] },
        { type: "agent.updated", agent: agent("bob", { since: AT }) },
        { type: "call.ended", call: call({ id, state: "released" }) },
        // Late, of a call that is over.
        { type: "call.hearing", call_id: id, matrix: [] },
        { type: "call.alarm", call_id: id, alarm: "held_too_long", since: AT },
      ))
        known.take({ ...bare, seq: 1000 + seq }, NOW);
      sizes.push(size(known.picture()));
    }
    expect(new Set(sizes.slice(1)).size).toBe(1);
  });

  it("sets its clocks anew for another clock of the server, not for every event's way here", () => {
    const known = new Known();
    const at = (late: number): number => (known.take({ ...events({ type: "subscribed", targets: null })[0]!, seq: 1 }, NOW + late), known.now.skew);
    expect([at(0), at(60), at(99), at(200), at(250)]).toEqual([0, 0, 0, -200, -200]);
  });

  it("keeps the own call that ended while others end theirs", () => {
    const others = { parties: [party(), alice({ you: false })], state: "released" } as const;
    const state = after(
      ...events(
        { type: "snapshot", me: me({ role: "supervisor" }), calls: [call()] },
        { type: "call.ended", call: call({ state: "released" }) },
        { type: "call.ended", call: call({ id: "o1", ...others, parties: [...others.parties] }) },
        { type: "call.ended", call: call({ id: "o2", ...others, parties: [...others.parties] }) },
      ),
    );
    expect([Object.keys(state.calls), Object.keys(state.ended)]).toEqual([["c1", "o2"], ["c1", "o2"]]);
  });
});
