// Copies what stands in the element that a button names. Without script, or where the browser has no
// clipboard for us, the buttons stay hidden and the text can be selected.
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
