import { afterEach, expect, test, vi } from "vitest";
import type { Api } from "../api/client";
import { fromIssuer, wayOut } from "./signing_in";

afterEach(() => vi.unstubAllGlobals());

/** The server, which answers so. */
function api(status: number, data: unknown): Pick<Api, "POST"> {
  return { POST: async () => ({ data, response: new Response(null, { status }) }) } as unknown as Pick<Api, "POST">;
}

function framed(by: object | null): void {
  const page = { top: by };
  vi.stubGlobal("window", by === null ? Object.assign(page, { top: page }) : page);
}

test("who logs out goes on to the issuer where it wants to know of it", async () => {
  framed(null);
  expect(await wayOut(api(200, { url: "https://id.example/end" }))).toBe("https://id.example/end");
  expect(await wayOut(api(200, { url: null }))).toBeNull();
  expect(await wayOut(api(503, undefined))).toBeNull();
});

test("a frame goes nowhere", async () => {
  framed({});
  expect(await wayOut(api(200, { url: "https://id.example/end" }))).toBeNull();
});

test("whoever comes back from the issuer brings its code", () => {
  expect(fromIssuer("#login?state=s&code=a%2Fb&iss=https%3A%2F%2Fid.example")).toEqual({
    state: "s", code: "a/b", error: null, iss: "https://id.example",
  });
  expect(fromIssuer("#login?state=s&error=access_denied")).toMatchObject({ code: null, error: "access_denied" });
});

test("whoever did not get there is given the reason", () => {
  expect(fromIssuer("#login?problem=issuer_unavailable")).toEqual({ problem: "issuer_unavailable" });
  expect(fromIssuer("#login")).toEqual({ problem: "unauthenticated" });
});

test("a page of the desk is no answer of an issuer", () => {
  for (const hash of ["", "#desk", "#supervisor", "#loginx?code=c&state=s"]) expect(fromIssuer(hash)).toBeNull();
});
