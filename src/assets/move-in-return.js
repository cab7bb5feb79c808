/**
 * Back from another provider's dialog (implicit grant, RFC 6749 §4.2.2): the token is in the fragment of the
 * address, which no server gets to see. Takes it out of the address and the history, and sends it as a form.
 */

const form = document.querySelector("[data-return]");
const answer = new URLSearchParams(location.hash.slice(1));
history.replaceState(null, "", location.pathname);
for (const input of form.querySelectorAll("input")) input.value = answer.get(input.name) ?? "";
form.hidden = false;
form.submit();
