// Issuers of tokens on loopback, by npm's oidc-provider, for issuer_test.go: as many as
// the first argument says. It prints their URLs as JSON, and ends with its input. A line
// of the input is an order, answered with a line: "rotate" gives each issuer new keys
// and keeps those of before published, "withdraw" takes these away.
//
// A token request says in the header X-Alg how its access token is signed. What X-Token has
// is merged into the token, for the shape of other issuers: {"header": {…}, "payload": {…}},
// in which null leaves a member out.
import { generateKeyPair } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import Provider from "oidc-provider";

console.info = console.warn; // the library's notices are not for the reader of the answers

const kinds = {
  PS256: ["rsa", { modulusLength: 2048 }],
  RS256: ["rsa", { modulusLength: 2048 }],
  ES256: ["ec", { namedCurve: "P-256" }],
  ES384: ["ec", { namedCurve: "P-384" }],
  EdDSA: ["ed25519", {}],
  Ed25519: ["ed25519", {}],
};

async function newKeys(generation) {
  return Promise.all(
    Object.entries(kinds).map(async ([alg, [type, options]]) => {
      const { privateKey } = await promisify(generateKeyPair)(type, options);
      return { ...privateKey.export({ format: "jwk" }), alg, use: "sig", kid: `${alg}-${generation}` };
    }),
  );
}

const secret = { client_secret: "sesame", redirect_uris: [], response_types: [], grant_types: ["client_credentials"] };

function merge(into, changes) {
  for (const [name, value] of Object.entries(changes ?? {})) {
    // The library wants an aud, which it writes only when it is enumerable.
    if (value === null) Object.defineProperty(into, name, { value: into[name] || "none", enumerable: false, writable: true });
    else into[name] = value;
  }
}

function provider(url, keys) {
  return new Provider(url, {
    jwks: { keys },
    cookies: { keys: ["sesame"] },
    clients: [
      { client_id: "machine", tenant_id: "acme", ...secret },
      { client_id: "web", tenant_id: "acme", client_secret: "sesame", redirect_uris: ["https://app.example/callback"] },
    ],
    extraClientMetadata: { properties: ["tenant_id"] },
    extraTokenClaims: (_, token) => ({ tenant_id: token.client?.tenant_id }),
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_, { uid }) => `/sign-in/${uid}` },
    pkce: { required: () => false },
    scopes: ["openid"],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => ({
          audience: resource,
          scope: "orders.read orders.write",
          accessTokenFormat: "jwt",
          accessTokenTTL: 300,
          jwt: { sign: { alg: ctx.get("x-alg") || "PS256", key: ctx.get("x-alg") === "HS256" ? Buffer.alloc(32) : undefined } },
        }),
      },
    },
    formats: {
      customizers: {
        jwt: (ctx, _, token) => {
          const { header, payload } = JSON.parse(ctx.get("x-token") || "{}");
          token.header = Object.fromEntries(Object.entries(header ?? {}).map(([name, value]) => [name, value ?? undefined]));
          merge(token.payload, payload);
        },
      },
    },
  });
}

// signIn lets ada in, and grants what her client asks for, without a page.
async function signIn(issuer, req, res) {
  const { params } = await issuer.interactionDetails(req, res);
  const grant = new issuer.Grant({ accountId: "ada", clientId: params.client_id });
  grant.addOIDCScope("openid");
  grant.addResourceScope(params.resource, params.scope);
  await issuer.interactionFinished(req, res, { login: { accountId: "ada" }, consent: { grantId: await grant.save() } });
}

const issuers = [];
for (let i = 0; i < Number(process.argv[2]); i++) {
  const server = createServer((req, res) => {
    if (!req.url.startsWith("/sign-in/")) return served.handle(req, res);
    signIn(served.issuer, req, res).catch((err) => res.writeHead(500).end(String(err)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const served = { url: `http://127.0.0.1:${server.address().port}`, keys: await newKeys(0), generation: 0 };
  served.use = (keys) => {
    served.issuer = provider(served.url, keys);
    served.handle = served.issuer.callback();
  };
  served.use(served.keys);
  issuers.push(served);
}
console.log(JSON.stringify(issuers.map(({ url }) => url)));

for await (const order of createInterface({ input: process.stdin })) {
  for (const issuer of issuers) {
    const before = issuer.keys;
    if (order === "rotate") issuer.keys = await newKeys(++issuer.generation);
    issuer.use(order === "rotate" ? [...issuer.keys, ...before] : issuer.keys);
  }
  console.log(order);
}
process.exit();
