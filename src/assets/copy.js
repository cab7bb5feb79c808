/**
 * Copy buttons: each copies the text of the element whose id it names. They stay hidden without this
 * script, or where the browser has no clipboard API; the text can still be selected.
 */
for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) break;
  const label = button.textContent;
  const { copy, copied = "Copied", failed = "Press Ctrl+C" } = button.dataset;
  const source = document.getElementById(copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      button.textContent = copied;
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = failed;
    }
    setTimeout(() => {
      button.textContent = label;
    }, 2000);
  });
}
