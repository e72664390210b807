import { describe, expect, it } from "vitest";
import { over } from "./examples";
import { past } from "./past";

describe("a call that is over", () => {
  it("says who called, and their number, which is called back", () => {
    expect(past(over(), "alice")).toEqual({
      outgoing: false, colleague: null, name: "Zoé Caller", number: "+33612345678", withheld: false, target: "number:+33612345678",
    });
    expect(past(over({ type: "outbound" }), "alice").outgoing).toBe(true);
  });

  it("says nothing of who withholds it", () => {
    const contact = { name: "", number: "", anonymous: true };
    expect(past(over({ contact }), "alice")).toMatchObject({ withheld: true, number: "", target: null });
  });

  it("between colleagues went out from who was in it first", () => {
    const internal = over({ type: "internal", contact: null, agents: ["alice", "bob"], dialled: "1002" });
    expect(past(internal, "alice")).toMatchObject({ outgoing: true, colleague: "bob", number: "1002", target: "agent:bob" });
    expect(past(internal, "bob")).toMatchObject({ outgoing: false, colleague: "alice", number: "", target: "agent:alice" });
    const missed = { ...internal, agents: ["alice"], missed_by: ["bob"] };
    expect([past(missed, "alice").outgoing, past(missed, "bob").outgoing]).toEqual([true, false]);
  });

  it("of oneself alone has nobody to call back", () => {
    expect(past(over({ type: "internal", contact: null, dialled: null }), "alice")).toMatchObject({ colleague: null, number: "", target: null });
  });
});
