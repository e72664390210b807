import { afterEach, describe, expect, it, vi } from "vitest";
import { forget, keep, kept, readSession } from "./kept";

/** A browser's storage with room for so many texts. */
function storage(room: number): Pick<Storage, "getItem" | "setItem" | "removeItem"> {
  const texts = new Map<string, string>();
  return {
    getItem: (key) => texts.get(key) ?? null,
    setItem: (key, value) => {
      if (!texts.has(key) && texts.size >= room) throw new DOMException("no room", "QuotaExceededError");
      texts.set(key, value);
    },
    removeItem: (key) => void texts.delete(key),
  };
}

describe("what the browser keeps", () => {
  afterEach(() => {
    forget("a");
    forget("b");
    vi.unstubAllGlobals();
  });

  it("is there for the next visit, until it is forgotten", () => {
    const browser = storage(1);
    vi.stubGlobal("localStorage", browser);
    keep("a", "1");
    expect([kept("a"), browser.getItem("a")]).toEqual(["1", "1"]);
    forget("a");
    expect(kept("a")).toBeNull();
  });

  it("is this window's alone where it is kept so", () => {
    const [every, one] = [storage(1), storage(1)];
    vi.stubGlobal("localStorage", every);
    vi.stubGlobal("sessionStorage", one);
    keep("a", "1", "sessionStorage");
    expect([kept("a", "sessionStorage"), one.getItem("a"), kept("a"), every.getItem("a")]).toEqual(["1", "1", null, null]);
    forget("a", "sessionStorage");
    expect(kept("a", "sessionStorage")).toBeNull();
  });

  it("lasts as long as the window where the browser has no room", () => {
    vi.stubGlobal("localStorage", storage(1));
    keep("a", "1");
    keep("b", "2");
    expect([kept("a"), kept("b")]).toEqual(["1", "2"]);
    keep("a", "3");
    forget("b");
    expect([kept("a"), kept("b")]).toEqual(["3", null]);
  });

  it("lasts as long as the window where the browser refuses", () => {
    const refused = (): never => {
      throw new DOMException("denied", "SecurityError");
    };
    vi.stubGlobal("localStorage", { getItem: refused, setItem: refused, removeItem: refused });
    expect(kept("a")).toBeNull();
    keep("a", "1");
    expect(kept("a")).toBe("1");
    forget("a");
    expect(kept("a")).toBeNull();
  });

  it("is a session only where it reads as one", () => {
    expect(readSession('{"token":"t","agent":"alice"}')).toEqual({ token: "t", agent: "alice" });
    for (const text of [null, "", "rubbish", "null", "5", "{}", '{"token":"t"}', '{"token":1,"agent":"alice"}']) expect(readSession(text)).toBeNull();
  });
});
