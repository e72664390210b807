import { expect, test } from "vitest";
import { fromIssuer } from "./signing_in";

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
