/** Commands to the server: one client, generated from its own OpenAPI document. */
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./schema";

type Problem = components["schemas"]["Problem"];
export type Api = Client<paths>;

/** What the server refused, by its stable code; `network` where it was not reached. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    readonly detail: string,
  ) {
    super(detail);
  }
}

/** Milliseconds: the server answers every command within a minute, if only that it does not know what came of it. */
const LONGEST = 65_000;

/**
 * `token` is called at every request. `ended` is called when the server says that the session is over. `server` is where it
 * is, such as `https://desk.example.org`; without, it is that of the page.
 */
export function connect(token: () => string | null, ended: () => void, server = ""): Api {
  const api = createClient<paths>({ baseUrl: server });
  api.use({
    onRequest({ request }) {
      const now = token();
      if (now !== null) request.headers.set("Authorization", `Bearer ${now}`);
      // A repeat by the browser or a proxy is then no second command.
      if (request.method === "POST") request.headers.set("Idempotency-Key", unique());
      return new Request(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(LONGEST)]) });
    },
    onResponse({ request, response, schemaPath }) {
      // A late answer to the session before says nothing of this one.
      const current = request.headers.get("Authorization") === `Bearer ${token()}`;
      if (response.status === 401 && current && !schemaPath.startsWith("/v1/login")) ended();
    },
  });
  return api;
}

/** `crypto.randomUUID` is for https:// and this machine's own pages alone. */
function unique(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

interface Answered<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/** The data of an answer, which is JSON: text (CSV) comes to those alone who ask for it. Throws `Refused`. */
export async function answer<T>(answering: Promise<Answered<T>>): Promise<Exclude<T, string>> {
  let got: Answered<T>;
  try {
    got = await answering;
  } catch {
    throw new Refused("network", "");
  }
  if (got.response.ok) return got.data as Exclude<T, string>;
  const problem = got.error;
  if (isProblem(problem)) throw new Refused(problem.code, problem.detail);
  throw new Refused("internal", String(got.response.status));
}

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "code" in value && "detail" in value;
}
