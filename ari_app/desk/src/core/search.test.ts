import { describe, expect, it } from "vitest";
import { target } from "./examples";
import { query, shown, SHOWN } from "./search";

describe("a search", () => {
  it("is cut where a character ends, and has no half of one", () => {
    expect(query("  bob ")).toBe("bob");
    expect(query("x".repeat(99) + "😀y")).toBe("x".repeat(99) + "😀");
    expect(query("x".repeat(100) + "😀")).toBe("x".repeat(100));
    expect(query("b\ud83do\ude00b")).toBe("bob");
  });

  it("shows a part of many, and says that there are more", () => {
    const found = Array.from({ length: SHOWN + 1 }, (_, number) => target({ target: `agent:a${number}` }));
    expect(shown(found, "alice")).toEqual({ targets: found.slice(0, SHOWN), more: true });
    expect(shown(found.slice(1), "alice")).toEqual({ targets: found.slice(1), more: false });
    expect(shown(found, "a0")).toEqual({ targets: found.slice(1), more: true });
  });
});
