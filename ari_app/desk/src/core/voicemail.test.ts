import { describe, expect, it } from "vitest";
import { AT } from "./examples";
import type { Voicemail } from "./model";
import { isAboutMessages, withChange } from "./voicemail";

function message(more: Partial<Voicemail> = {}): Voicemail {
  return {
    id: "v1", box: "support", call_id: "c1", state: "new", left_at: AT, seconds: 12, name: "Zoé Caller", number: "+33612345678",
    anonymous: false, queue: "sales", dialled: "2000", by: null, marked_at: null, ...more,
  };
}
const later = message({ id: "v2", left_at: "2026-11-28T12:00:01.000Z" });
const event = (type: "voicemail.left" | "voicemail.updated" | "voicemail.deleted", voicemail: Voicemail) => ({ type, voicemail, seq: 1, at: AT });

describe("messages that callers have left", () => {
  it("come newest first, each once", () => {
    const one = withChange([], event("voicemail.left", message()));
    expect(withChange(one, event("voicemail.left", later))).toEqual([later, message()]);
    expect(withChange([later, message()], event("voicemail.left", later))).toEqual([later, message()]);
  });

  it("are shown as somebody marked them, and no more once they are done or deleted", () => {
    const heard = message({ state: "heard", by: "bob" });
    expect(withChange([later, message()], event("voicemail.updated", heard))).toEqual([later, heard]);
    expect(withChange([later, heard], event("voicemail.updated", message({ state: "done" })))).toEqual([later]);
    expect(withChange([later], event("voicemail.deleted", later))).toEqual([]);
  });

  it("are what some events are about", () => {
    expect(isAboutMessages(event("voicemail.left", later))).toBe(true);
    expect(isAboutMessages({ type: "snapshot", seq: 1, at: AT, calls: [], me: {} as never })).toBe(false);
  });
});
