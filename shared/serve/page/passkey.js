// Asks this device for a passkey. Everything it says stands in the page already, in the reader's language; what comes back
// from the hub is looked at for its code alone, and put nowhere.
"use strict";

const toBytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
const toText = (bytes) =>
  btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(""))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const withBytes = (options) => {
  const named = (list) => (list ?? []).map((one) => ({ ...one, id: toBytes(one.id) }));
  const whole = { ...options, challenge: toBytes(options.challenge) };
  if (options.user) whole.user = { ...options.user, id: toBytes(options.user.id) };
  if (options.excludeCredentials) whole.excludeCredentials = named(options.excludeCredentials);
  if (options.allowCredentials) whole.allowCredentials = named(options.allowCredentials);
  return whole;
};

const withText = (credential) => {
  const { response } = credential;
  const said = { clientDataJSON: toText(response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[part]) said[part] = toText(response[part]);
  }
  if (response.getTransports) said.transports = response.getTransports();
  const { id, type } = credential;
  return { id, rawId: toText(credential.rawId), type, response: said, extensions: {} };
};

class Refused extends Error {
  constructor(code) { super(code); this.code = code; }
}

const post = async (path, body) => {
  const sent = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, sent);
  const said = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(said.code);
  return said;
};

// What is asked first, how the device is asked, and where the answer goes.
const WAYS = {
  "sign-in": { ask: "/api/v1/sessions/passkey/ask", end: "/api/v1/sessions/passkey", to: "/" },
  prove: { ask: "/api/v1/me/proof/passkey/ask", end: "/api/v1/me/proof/passkey", to: "/account?done=1" },
  add: { ask: "/api/v1/me/passkeys/ask", end: "/api/v1/me/passkeys", to: "/account?done=1", makes: true },
  accept: { ask: "/api/v1/invitations/passkey/ask", end: "/api/v1/invitations/passkey", to: "/", makes: true },
};

const goThrough = async (way, fields) => {
  const asked = await post(way.ask, fields.code === undefined ? {} : { code: fields.code });
  const publicKey = withBytes(asked.options);
  const credential = await (way.makes ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey }));
  await post(way.end, { question: asked.question, answer: withText(credential), ...fields });
  location.assign(way.to);
};

const sentence = (part, error) => {
  if (error instanceof Refused) {
    const { wrong, failed, wait } = part.dataset;
    return { unauthorized: wrong, "not-found": wrong, "bad-parameter": wrong, "too-many-attempts": wait }[error.code] ?? failed;
  }
  return error.name === "InvalidStateError" ? part.dataset.there : part.dataset.declined;
};

for (const part of document.querySelectorAll("[data-passkey]")) {
  const say = part.querySelector("[role=status]");
  if (!window.PublicKeyCredential || !navigator.credentials) {
    say.textContent = part.dataset.none;
    continue;
  }
  part.querySelector("[data-can]").hidden = false;
  part.querySelector("button").addEventListener("click", async (event) => {
    event.preventDefault();
    const fields = Object.fromEntries(Array.from(part.querySelectorAll("input"), (input) => [input.name, input.value]));
    // A field that has to be filled in is pointed at by the browser itself.
    if (!Array.from(part.querySelectorAll("input")).every((input) => input.reportValidity())) return;
    say.textContent = part.dataset.device;
    try {
      await goThrough(WAYS[part.dataset.passkey], fields);
    } catch (error) {
      if (error.code === "proof-needed") return location.assign("/account?prove=1");
      say.textContent = sentence(part, error);
    }
  });
}
