import { afterEach, describe, expect, it, vi } from "vitest";
import { lackOf, openMicrophone } from "./sound";

describe("a microphone that is not there", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("is refused, away or busy, as the browser says", () => {
    const names = ["NotAllowedError", "SecurityError", "NotFoundError", "OverconstrainedError", "NotReadableError", "AbortError", ""];
    expect(names.map(lackOf)).toEqual(["refused", "refused", "missing", "missing", "busy", "busy", "missing"]);
  });

  it("tells why", async () => {
    vi.stubGlobal("navigator", { mediaDevices: { getUserMedia: () => Promise.reject(new DOMException("", "NotAllowedError")) } });
    await expect(openMicrophone("")).rejects.toMatchObject({ lack: "refused" });
  });

  it("is given to no page without TLS", async () => {
    vi.stubGlobal("navigator", {});
    await expect(openMicrophone("")).rejects.toMatchObject({ lack: "insecure" });
  });
});
