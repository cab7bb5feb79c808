/**
 * Creates and uses passkeys (WebAuthn). Each [data-passkey] element names an endpoint. The script
 * sends the form's fields there and gets the options for the browser; then it sends them again with
 * the passkey and gets the path to go to. The elements stay hidden without this script, or where the
 * browser lacks WebAuthn.
 *
 * WebAuthn's own conversions from and to JSON are not used: older browsers lack them, and those of
 * credentials that an extension of a password manager returns throw "Illegal invocation".
 */

const { PublicKeyCredential } = window;
const isSupported = PublicKeyCredential !== undefined && navigator.credentials !== undefined;

/** A refusal by the endpoint. Only those about the user's input have a sentence for the page. */
class Refusal extends Error {
  constructor({ error, sentence }) {
    super(error);
    this.code = error;
    this.sentence = sentence;
  }
}

/** Aborts the pending autofill request: a browser handles only one WebAuthn request at a time. */
let autofillAbort;

const containers = document.querySelectorAll("[data-passkey]");
if (isSupported && containers.length > 0) {
  for (const container of containers) enable(container);
  for (const text of document.querySelectorAll("[data-no-passkeys]")) text.hidden = true;
}

function enable(container) {
  container.hidden = false;
  const button = container.querySelector("button");
  const form = container.closest("form");
  button.addEventListener("click", async () => {
    const { name } = form.elements;
    if (container.dataset.passkey === "create" && !name.reportValidity()) return;
    autofillAbort?.abort();
    button.disabled = true;
    await usePasskey(container);
    button.disabled = false;
  });
  // If this is the only button of the form, the Enter key would submit it without a passkey.
  if (!form.querySelector("[type=submit]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      button.click();
    });
  }
  if (form.querySelector("[autocomplete~=webauthn]")) offerAutofill(container);
}

/** Lets the browser suggest passkeys in the name field (conditional mediation). */
async function offerAutofill(container) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  autofillAbort = new AbortController();
  await usePasskey(container, { mediation: "conditional", signal: autofillAbort.signal });
}

async function usePasskey(container, autofill) {
  // Errors of an autofill request are not shown until the user has chosen a passkey.
  let isUserInitiated = !autofill;
  if (isUserInitiated) showError(container, "");
  try {
    const options = await callEndpoint(container);
    if (autofill?.signal.aborted) return;
    const credential = await requestCredential(container.dataset.passkey, options, autofill);
    isUserInitiated = true;
    const { next } = await callEndpoint(container, credentialToJson(credential));
    location.assign(next);
  } catch (error) {
    if (isUserInitiated) showError(container, describeError(container, error));
    // The page was open for longer than a challenge is valid.
    if (autofill && error.code === "late-passkey") await offerAutofill(container);
  }
}

/** The endpoint's sentence, or one that the element has in the language of the page. */
function describeError({ dataset }, error) {
  const alreadyRegistered =
    error.name === "InvalidStateError" ? dataset.alreadyRegistered : undefined;
  return error.sentence ?? alreadyRegistered ?? dataset.aborted;
}

function showError(container, message) {
  const alert = container.querySelector("[role=alert]");
  alert.textContent = message;
  alert.hidden = message === "";
}

const requestCredential = (action, options, autofill) =>
  action === "create"
    ? navigator.credentials.create({ publicKey: parseCreationOptions(options) })
    : navigator.credentials.get({ publicKey: parseRequestOptions(options), ...autofill });

const parseCreationOptions = ({ challenge, user, excludeCredentials, ...rest }) => ({
  ...rest,
  challenge: fromBase64Url(challenge),
  user: { ...user, id: fromBase64Url(user.id) },
  excludeCredentials: excludeCredentials.map(parseDescriptor),
});

const parseRequestOptions = ({ challenge, allowCredentials, ...rest }) => ({
  ...rest,
  challenge: fromBase64Url(challenge),
  allowCredentials: allowCredentials.map(parseDescriptor),
});

const parseDescriptor = ({ id, ...rest }) => ({ ...rest, id: fromBase64Url(id) });

/** What the endpoints read of a credential; an absent member is left out. */
const credentialToJson = ({ id, rawId, type, response }) => ({
  id,
  rawId: toBase64Url(rawId),
  type,
  response: {
    clientDataJSON: toBase64Url(response.clientDataJSON),
    attestationObject: toBase64Url(response.attestationObject),
    transports: response.getTransports?.(),
    authenticatorData: toBase64Url(response.authenticatorData),
    signature: toBase64Url(response.signature),
    userHandle: toBase64Url(response.userHandle),
  },
});

/** Undefined if there are no bytes. */
function toBase64Url(buffer) {
  if (!buffer) return undefined;
  const text = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const fromBase64Url = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

async function callEndpoint(container, credential) {
  const fields = new FormData(container.closest("form"));
  fields.delete("password");
  const response = await fetch(container.dataset.endpoint, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ ...Object.fromEntries(fields), credential }),
  });
  // The session has ended or must be confirmed again: reloading the page redirects there.
  if (response.redirected) {
    location.reload();
    return new Promise(() => {});
  }
  const body = await response.json();
  if (!response.ok) throw new Refusal(body);
  return body;
}
