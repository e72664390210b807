import { describe, expect, it } from "vitest";
import { en } from "../i18n/en";
import { fr } from "../i18n/fr";
import { alice, AT, bob, call, me, party } from "./examples";
import { callName, partyName, plain, stateName, targetName } from "./naming";

const TURNED = "\u202eZoé\u2066\u200f \u0007Caller\u2028";

describe("what somebody is called", () => {
  it("turns and breaks no text around it", () => {
    expect(plain(TURNED)).toBe("Zoé Caller");
    expect(partyName(party({ name: TURNED }), en)).toBe("Zoé Caller");
    expect(partyName(party({ name: "\u202e", number: "\u202e+336" }), en)).toBe("+336");
    expect(targetName("agent:bob", { "agent:bob": TURNED })).toBe("Zoé Caller");
    expect(plain("שרה نور")).toBe("שרה نور");
  });

  it("is that they withhold it, or that nobody knows", () => {
    expect(partyName(party({ name: "", number: "", anonymous: true }), fr)).toBe("Anonyme");
    expect(partyName(party({ name: "", number: "" }), fr)).toBe("Inconnu");
  });

  it("is the other of two colleagues also when their call is over", () => {
    const over = call({ type: "consult", state: "released", parties: [alice({ state: "left" }), bob({ state: "left" })] });
    expect(callName(over, {}, en)).toBe("Bob Lefèvre");
  });

  it("is what was dialled where nobody was called", () => {
    const hears = call({ type: "internal", offer: null, parties: [alice()] });
    expect(callName({ ...hears, dialled: "*98" }, {}, en)).toBe("*98");
    expect(callName(hears, {}, en)).toBe("Unknown");
  });

  it("is whom a call-back is for, by the number that they gave", () => {
    const callback = {
      target: "queue:sales", name: "", number: "0612345678", state: "calling" as const, promised_at: AT, expires_at: AT,
      tries: 0, last: null, next_at: null,
    };
    const left = party({ state: "left", name: "", number: "", anonymous: true });
    expect(callName(call({ callback, parties: [left, alice()] }), {}, en)).toBe("0612345678");
  });
});

describe("a state", () => {
  it("says that no call can come to somebody who is ready", () => {
    expect(stateName(me(), me(), en)).toBe("Ready");
    expect(stateName(me({ phone_state: "unreachable", reason: "phone_unreachable" }), me(), en)).toBe("Ready, but unreachable");
    expect(stateName(me({ phone_state: "in_use", reason: "phone_in_use" }), me(), fr)).toBe("Prêt, mais déjà au téléphone");
    expect(stateName(me({ state: "not_ready", reason: "audit", phone_state: "unreachable" }), me(), en)).toBe("Not ready: Audit annuel");
    expect(stateName(me({ state: "not_ready", reason: null }), me(), en)).toBe("Not ready");
  });
});
