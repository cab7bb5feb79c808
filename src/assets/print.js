// Prints the page. Without script the button stays hidden, and the browser's own menu prints.
for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
