// Makes and shows passkeys (WebAuthn). A box names its door: the form's fields are sent there, which
// answers what the browser is to do, and then once more with the passkey, which answers where to go.
// The boxes stay hidden without script, or where the browser lacks any of what is used here.

const { PublicKeyCredential } = window;
const canDoAll =
  PublicKeyCredential?.parseCreationOptionsFromJSON &&
  PublicKeyCredential.parseRequestOptionsFromJSON &&
  PublicKeyCredential.prototype.toJSON;

/** The door has said no. Only a refusal that is about the person brings a sentence for them. */
class Refusal extends Error {
  constructor({ error, sentence }) {
    super(error);
    this.code = error;
    this.sentence = sentence;
  }
}

/** Of the passkeys that are offered in the name's field: a browser does only one thing at a time. */
let offering;

const boxes = document.querySelectorAll("[data-passkey]");
if (canDoAll && boxes.length > 0) {
  for (const box of boxes) prepare(box);
  for (const text of document.querySelectorAll("[data-no-passkeys]")) text.hidden = true;
}

function prepare(box) {
  box.hidden = false;
  const button = box.querySelector("button");
  const form = box.closest("form");
  button.addEventListener("click", async () => {
    const { name } = form.elements;
    if (box.dataset.passkey === "create" && !name.reportValidity()) return;
    offering?.abort();
    button.disabled = true;
    await use(box);
    button.disabled = false;
  });
  // The Enter key sends a form also where this is its only button.
  if (!form.querySelector("[type=submit]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      button.click();
    });
  }
  if (form.querySelector("[autocomplete~=webauthn]")) offer(box);
}

/** Lets the browser offer passkeys where the name is typed. Until one is taken nobody has asked. */
async function offer(box) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  offering = new AbortController();
  await use(box, { mediation: "conditional", signal: offering.signal });
}

async function use(box, offered) {
  let isAsked = !offered;
  if (isAsked) show(box, "");
  try {
    const options = await ask(box);
    if (offered?.signal.aborted) return;
    const credential = await fromBrowser(box.dataset.passkey, options, offered);
    isAsked = true;
    const { next } = await ask(box, credential.toJSON());
    location.assign(next);
  } catch (error) {
    if (isAsked) show(box, sentenceOf(box, error));
    // The page was open for longer than a challenge lasts.
    if (offered && error.code === "late-passkey") await offer(box);
  }
}

/** What was thrown in words: the door's, or those that the box has in the page's language. */
function sentenceOf({ dataset }, error) {
  const known = error.name === "InvalidStateError" ? dataset.known : undefined;
  return error.sentence ?? known ?? dataset.aborted;
}

function show(box, message) {
  const problem = box.querySelector("[role=alert]");
  problem.textContent = message;
  problem.hidden = message === "";
}

const fromBrowser = (act, options, offered) =>
  act === "create"
    ? navigator.credentials.create({
        publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
      })
    : navigator.credentials.get({
        publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
        ...offered,
      });

async function ask(box, credential) {
  const fields = new FormData(box.closest("form"));
  fields.delete("password");
  const response = await fetch(box.dataset.door, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ ...Object.fromEntries(fields), credential }),
  });
  // Signed out, or to be asked again who is there: the page itself leads there.
  if (response.redirected) {
    location.reload();
    return new Promise(() => {});
  }
  const answer = await response.json();
  if (!response.ok) throw new Refusal(answer);
  return answer;
}
