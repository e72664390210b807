import { describe, expect, it } from "vitest";
import { call, me, NOW } from "./examples";
import { aboutAgent, aboutCall, complained, done, MOST, READ, sought, standing, type Complaint } from "./problems";
import { initial } from "./store";

const said = (about: string, code = "not_allowed_now", at = NOW): Complaint => ({ id: 1, about, code, at });
const abouts = (all: readonly Complaint[]): string[] => all.map((each) => each.about);

describe("what was refused", () => {
  it("is said once about each thing, and of many things the last", () => {
    const twice = complained([said("call:c1"), said("state", "invalid")], said("call:c1", "feature_disabled"));
    expect(twice.map((each) => [each.about, each.code])).toEqual([["state", "invalid"], ["call:c1", "feature_disabled"]]);
    expect(complained([said("a", "network")], said("b", "network"))).toEqual([said("b", "network")]);
    const many = ["a", "b", "c", "d"].map((about) => said(about, about)).reduce(complained, [] as readonly Complaint[]);
    expect(abouts(many)).toEqual(["b", "c", "d"]);
    expect(many.length).toBe(MOST);
  });

  it("says what it is that is not there", () => {
    expect([aboutCall("c1"), "story", aboutAgent("bob"), "phone"].map(sought)).toEqual(["call", "call", "agent", "other"]);
  });

  it("goes when something about the same is done, or the server answers again", () => {
    const all = [said("call:c1"), said("state"), said("history", "network")];
    expect(abouts(done(all, "call:c1"))).toEqual(["state"]);
    const none = [said("state")];
    expect(done(none, "call:c1")).toBe(none);
  });

  it("goes with its call, but not before it could be read", () => {
    const all = [said(aboutCall("c1")), said("state")];
    const there = { ...initial, calls: { c1: call() } };
    const over = { ...there, ended: { c1: NOW } };
    expect(standing(all, there, NOW + READ)).toBe(all);
    expect(standing(all, over, NOW + READ - 1)).toBe(all);
    expect(abouts(standing(all, over, NOW + READ))).toEqual(["state"]);
    expect(abouts(standing(all, initial, NOW + READ))).toEqual(["state"]);
  });

  it("of a server that does not answer goes when it has said something since, but not before it could be read", () => {
    const all = [said("history", "network")];
    expect(standing(all, initial, NOW + READ, NOW)).toBe(all);
    expect(standing(all, initial, NOW + READ - 1, NOW + 1)).toBe(all);
    expect(standing(all, initial, NOW + READ, NOW + 1)).toEqual([]);
  });

  it("of keys that were not sent is not replaced by that of others, and goes with nothing else", () => {
    const first = { ...said("keys:1", "keys_not_sent"), detail: "23" };
    const both = complained([first], { ...said("keys:2", "keys_not_sent"), detail: "4" });
    expect(both.map((each) => each.detail)).toEqual(["23", "4"]);
    expect(done(both, "call:c1")).toBe(both);
  });

  it("of a phone goes when the phone can be reached", () => {
    const all = [said("new call", "phone_unreachable")];
    expect(standing(all, { ...initial, me: me({ phone_state: "unreachable" }) }, NOW)).toBe(all);
    expect(standing(all, { ...initial, me: me() }, NOW)).toEqual([]);
  });
});
