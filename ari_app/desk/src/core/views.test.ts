import { describe, expect, it } from "vitest";
import { locale, preferred } from "../i18n/preferred";
import { alice, bob, call, me, NOW, party, target } from "./examples";
import { initial } from "./store";
import { asksCallerId, clock, current, interactions, isConference, partyVerbs, plainVerbs, principal, ringsForMe, since, slot, targetVerbs, transferredTo, waitsForMe } from "./views";

describe("what is shown", () => {
  it("has the buttons that the server lists, and no other", () => {
    expect(plainVerbs(call({ actions: ["release", "hold", "clear", "update_user_data"] }))).toEqual(["hold", "release"]);
    expect(plainVerbs(call())).toEqual([]);
    expect(partyVerbs(party({ actions: ["mute", "remove", "undeafen"] }))).toEqual(["remove", "undeafen", "mute"]);
  });

  it("keeps the place of a button that turns into its opposite", () => {
    expect([slot("hold", ["hold"]), slot("retrieve", ["retrieve"])]).toEqual(["hold", "hold"]);
    expect([slot("hold", ["hold", "retrieve"]), slot("retrieve", ["hold", "retrieve"])]).toEqual(["hold", "retrieve"]);
  });

  it("offers for a target what both it and the call allow", () => {
    const talks = call({ actions: ["single_step_transfer", "hold"] });
    expect(targetVerbs(target(), talks)).toEqual(["call", "single_step_transfer"]);
    expect(targetVerbs(target(), null)).toEqual(["call"]);
    expect(targetVerbs(target({ actions: [] }), talks)).toEqual([]);
  });

  it("names a call after the contact, else after the colleague", () => {
    expect(principal(call({ parties: [alice(), bob(), party()] }))?.name).toBe("Zoé Caller");
    expect(principal(call({ parties: [alice(), bob()] }))?.agent).toBe("bob");
    expect(principal(call({ parties: [alice()] }))).toBeNull();
    expect(principal(call({ parties: [alice(), party({ state: "left" })] }))?.name).toBe("Zoé Caller");
  });

  it("tells to whom a call was transferred once it goes on without the agent", () => {
    const offer = { id: "o1", kind: "transfer", target: "agent:bob", ringing: [], state: "accepted", caller_id: null, ring_until: null } as const;
    const over = call({ state: "released", offer: { ...offer, ringing: [] } });
    expect(transferredTo(over)).toBe("agent:bob");
    expect(transferredTo({ ...over, state: "held" })).toBeNull();
    expect(transferredTo({ ...over, ended_at: "2026-11-28T12:00:00.000Z" })).toBeNull();
    expect(transferredTo({ ...over, offer: { ...offer, ringing: [], state: "declined" } })).toBeNull();
    expect(transferredTo({ ...over, offer: { ...offer, ringing: [], kind: "conference" } })).toBeNull();
  });

  it("puts a consultation right after its call", () => {
    const all = [call(), call({ id: "c2" }), call({ id: "c3", type: "consult", parent: "c1" })];
    const state = { ...initial, calls: Object.fromEntries(all.map((c) => [c.id, c])), mine: new Set(["c1", "c2", "c3"]) };
    expect(interactions(state, NOW).map((c) => c.id)).toEqual(["c1", "c3", "c2"]);
  });

  it("means the call that goes on, else the only one on hold", () => {
    const [held, talks, rings] = [call({ id: "h", state: "held" }), call({ id: "t" }), call({ id: "r", state: "ringing" })];
    expect(current([held, talks, rings])?.id).toBe("t");
    expect(current([held, rings])?.id).toBe("h");
    expect(current([held, { ...held, id: "h2" }])).toBeNull();
  });

  it("knows a call that can be accepted, and a conference", () => {
    expect([ringsForMe(call({ state: "ringing", actions: ["answer"] })), ringsForMe(call())]).toEqual([true, false]);
    expect([isConference(call()), isConference(call({ parties: [party(), alice(), bob()] }))]).toEqual([false, true]);
    expect(isConference(call({ parties: [party(), alice(), bob({ state: "ringing" })] }))).toBe(false);
  });

  it("knows a call that waits for its agent's phone to be back", () => {
    const back = call({ state: "held", parties: [party({ state: "held" }), alice({ state: "ringing" })] });
    expect([waitsForMe(back), waitsForMe(call({ state: "held" })), waitsForMe({ ...back, state: "ringing" })]).toEqual([true, false, false]);
  });

  it("asks for a caller ID before a number outside, where the file enables it", () => {
    const number = "number:+33612345678";
    expect(asksCallerId(me(), "call", number)).toBe(true);
    expect(asksCallerId(me(), "single_step_transfer", number)).toBe(true);
    expect(asksCallerId(me(), "single_step_conference", number)).toBe(false);
    expect(asksCallerId(me(), "initiate_transfer", number)).toBe(true);
    expect(asksCallerId(me(), "call", "agent:bob")).toBe(false);
    expect(asksCallerId(me({ caller_ids: [] }), "call", number)).toBe(false);
  });

  it("writes times as people do", () => {
    expect([clock(-5), clock(7_000), clock(754_000), clock(3_723_000)]).toEqual(["0:00", "0:07", "12:34", "1:02:03"]);
    expect([since(null, NOW), since("2026-11-28T11:59:00Z", NOW)]).toEqual([null, 60_000]);
  });

  it("speaks the first of the browser's languages that it knows", () => {
    expect(preferred(["de-DE", "fr-CA", "en"], null)).toBe("fr");
    expect(preferred(["fr"], "en")).toBe("en");
    expect(preferred(["ja"], null)).toBe("en");
  });

  it("writes dates as the browser's owner does, where they speak the page's language", () => {
    expect(locale(["fr", "en-GB", "en-US"], "en")).toBe("en-GB");
    expect(locale(["en-GB", "fr-CA"], "fr")).toBe("fr-CA");
    expect(locale(["de-DE"], "en")).toBe("en");
  });
});
