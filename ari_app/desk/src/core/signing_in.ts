/** Back from the issuer: what stands behind the # of the page's address, by the server's word. And on to it, to log out there. */
import { answer, type Api } from "../api/client";
import type { components } from "../api/schema";
import { isFramed } from "./own_window";

export type FromIssuer = components["schemas"]["FromIssuer"];

/** What the issuer said, or the code of why one did not get there; null where nobody comes from there. */
export function fromIssuer(hash: string): FromIssuer | { readonly problem: string } | null {
  const [page, query = ""] = hash.replace(/^#/, "").split("?", 2);
  if (page !== "login") return null;
  const said = new URLSearchParams(query);
  const problem = said.get("problem");
  const state = said.get("state");
  if (problem !== null || state === null) return { problem: problem ?? "unauthenticated" };
  return { state, code: said.get("code"), error: said.get("error"), iss: said.get("iss") };
}

/** Where to go after the logout, for the issuer's session to end too; null where there is none. A frame stays where it is. */
export async function wayOut(api: Pick<Api, "POST">): Promise<string | null> {
  if (isFramed()) return null;
  return answer(api.POST("/v1/logout/oidc")).then(
    ({ url }) => url,
    () => null, // whoever logs out is not kept from it
  );
}
