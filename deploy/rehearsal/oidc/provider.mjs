// A house that is not ours and speaks OpenID Connect: `provider.mjs PORT BACK`, where BACK is where the hub takes answers. Whoever
// signs in as NAME is NAME@acme.org. Its ID tokens are right until `/mode?is=…` says otherwise: `changed` has one letter of the
// signature be another, `stranger` has them say that they are for another client, `old` gives the one before in place of the new one,
// `unverified` says of no address that it was verified.
import { createServer } from "node:http";
import { generateKeyPairSync, sign } from "node:crypto";
import Provider from "oidc-provider";

const [port, back] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
let mode = "right";
let before;

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const provider = new Provider(issuer, {
  clients: [{ client_id: "vigie", client_secret: "a secret that nobody else has", redirect_uris: [back] }],
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", kid: "one" }] },
  cookies: { keys: ["cookies of a rehearsal"] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: `subject-of-${id}`, email: `${id}@acme.org`, email_verified: mode !== "unverified", name: `${id[0].toUpperCase()}${id.slice(1)} Lemoine` }),
  }),
});
provider.use(async (ctx, next) => {
  await next();
  const token = ctx.oidc?.route === "token" && ctx.body?.id_token;
  if (!token) return;
  if (mode === "changed") {
    const at = token.lastIndexOf(".") + 20;
    ctx.body.id_token = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
  }
  if (mode === "old") ctx.body.id_token = before;
  if (mode === "stranger") {
    const [head, claims] = token.split(".");
    const other = { ...JSON.parse(Buffer.from(claims, "base64url")), aud: "another" };
    const signed = `${head}.${Buffer.from(JSON.stringify(other)).toString("base64url")}`;
    ctx.body.id_token = `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
  }
  before = token;
});

const answer = provider.callback();
createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, issuer);
  if (pathname !== "/mode") return void answer(request, response);
  mode = searchParams.get("is") ?? mode;
  response.end(mode);
}).listen(Number(port), "127.0.0.1");
