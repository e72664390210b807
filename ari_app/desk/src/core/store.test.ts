import { describe, expect, it } from "vitest";
import { alice, AT, call, events, me, NOW, party, target } from "./examples";
import type { ServerEvent } from "./model";
import { initial, reduce, withAgents, withLive, type State } from "./store";
import { interactions, LINGER } from "./views";

const after = (...all: ServerEvent[]): State => all.reduce((state, event) => reduce(state, event, NOW), initial);

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
    const gone = reduce(state, { type: "call.updated", call: left, seq: 2, at: AT }, NOW);
    expect(interactions(gone, NOW)).toEqual([]);
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
    expect(reduce(alarmed, { type: "call.updated", call: call(), seq: 4, at: AT }, NOW).alarms).toEqual({});
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
    const share = { numerator: 1, denominator: 2 };
    const queue = { target: "queue:sales", name: "Sales queue", waiting: 0, oldest_queued_at: null, agents: {}, service_level: share, abandoned: share, as_of: AT };
    const requested = withLive(withAgents(initial, [{ ...alice, calls: [], groups: [] }]), [queue]);
    expect([requested.agents["alice"]?.state, requested.live["queue:sales"]?.waiting]).toEqual(["ready", 0]);
    const reported = reduce(requested, { type: "queue.updated", queue: { ...queue, waiting: 3 }, seq: 1, at: AT }, NOW);
    expect(reported.live["queue:sales"]?.waiting).toBe(3);
  });

  it("ignores what a newer server may tell, but for its number and time", () => {
    const unknown = { type: "weather.updated", seq: 9, at: AT } as unknown as ServerEvent;
    expect(reduce(initial, unknown, NOW - 250)).toEqual({ ...initial, seq: 9, skew: 250 });
  });
});
