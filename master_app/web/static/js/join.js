/* Waits for the computer that joins, and says how far it is. */
(() => {
  "use strict";
  const list = document.getElementById("howto");
  if (!list || !("wait" in list.dataset)) return;
  const step = list.querySelector("[data-step]");
  const text = step.querySelector("[data-words]");
  const words = JSON.parse(text.dataset.words);
  async function look() {
    if (!document.hidden) {
      const answer = await fetch(`/nodes/waiting?since=${list.dataset.since}`).catch(() => null);
      if (answer && answer.ok) {
        const found = await answer.json();
        text.textContent = words[found.step].replace("NAME", found.name || "").replace("AMOUNT", found.earned || "");
        step.previousElementSibling.classList.toggle("ok", found.step > 0);
        step.className = found.step >= 2 ? "ok" : "now";
      }
    }
    setTimeout(look, 2000);
  }
  look();
})();
