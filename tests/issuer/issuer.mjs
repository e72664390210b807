// A certified issuer of OpenID Connect, for tests: node issuer.mjs <address> <port> <JSON: callback, secret, algorithm>.
// Whoever is typed as the login is who one is; "more" has the claim in UserInfo alone, as many issuers do.
import { createServer } from "node:http";
import { createRequire } from "node:module";

// The image has its packages there: what is in the sources needs no directory of packages.
const { default: Provider } = await import(createRequire("/opt/issuer/").resolve("oidc-provider"));
const [address, port, given] = process.argv.slice(2);
const { callback, secret = "", algorithm = "RS256" } = JSON.parse(given);
const issuer = `http://${address}:${port}`;
const client = {
  client_id: "callcontrol",
  redirect_uris: [callback],
  post_logout_redirect_uris: [new URL("/", callback).href],
  response_types: ["code"],
  grant_types: ["authorization_code"],
  id_token_signed_response_alg: algorithm,
  token_endpoint_auth_method: secret ? "client_secret_basic" : "none",
  ...(secret ? { client_secret: secret } : {}),
};
const keys = await Promise.all([
  crypto.subtle.generateKey({ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }, true, ["sign", "verify"]),
  crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]),
]);
const jwks = {
  keys: await Promise.all(
    keys.map(async ({ privateKey }, number) => {
      const { kty, crv, n, e, d, p, q, dp, dq, qi, x, y } = await crypto.subtle.exportKey("jwk", privateKey);
      return JSON.parse(JSON.stringify({ kid: `key-${number}`, use: "sig", kty, crv, n, e, d, p, q, dp, dq, qi, x, y }));
    }),
  ),
};
const provider = new Provider(issuer, {
  clients: [client],
  jwks,
  cookies: { keys: ["of a test"] },
  claims: { openid: ["sub"], profile: ["preferred_username"] },
  conformIdTokenClaims: false,
  enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256"] },
  pkce: { required: () => true },
  findAccount: (_, id) => ({
    accountId: id,
    claims: (use) => ({ sub: id, ...(id === "more" && use === "id_token" ? {} : { preferred_username: id === "more" ? "bob" : id }) }),
  }),
});
createServer(provider.callback()).listen(Number(port), address, () => console.log("ready"));
