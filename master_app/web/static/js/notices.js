/* Notices in this browser: asked for on the settings page, shown while a page of the portal is open. */
(() => {
  "use strict";
  const ON = "hm_notices";
  const SEEN = "hm_notices_seen";
  const can = "Notification" in window;
  const isOn = () => can && Notification.permission === "granted" && localStorage.getItem(ON) === "on";

  document.addEventListener("hm:event", async (event) => {
    const message = event.detail;
    if (message.kind !== "change" || !isOn()) return;
    const numbers = message.changes.filter((change) => change.kind === "notice").map((change) => Number(change.id));
    if (!numbers.length) return;
    const seen = Number(localStorage.getItem(SEEN) || 0);
    const after = Math.max(seen, Math.min(...numbers) - 1);
    const answer = await fetch(`/notices/fresh?after=${after}`, { redirect: "manual" });
    if (!answer.ok) return;
    for (const item of (await answer.json()).items) {
      // Every open page hears of it: the first one shows it, and the tag lets a second one replace it silently.
      if (item.sequence <= Number(localStorage.getItem(SEEN) || 0)) continue;
      localStorage.setItem(SEEN, String(item.sequence));
      const shown = new Notification(item.title, { body: item.text, tag: `hivemind-${item.sequence}`, lang: document.documentElement.lang });
      shown.onclick = () => { window.focus(); location.href = item.url; };
    }
  });

  const panel = document.getElementById("browser-notices");
  if (!panel) return;
  const words = JSON.parse(panel.dataset.words);
  const button = panel.querySelector("[data-turn]");
  function draw() {
    const blocked = can && Notification.permission === "denied";
    panel.querySelector("[data-state]").textContent = !can ? words.none : blocked ? words.blocked : isOn() ? words.on : words.off;
    button.hidden = !can || blocked;
    button.querySelector("[data-on]").hidden = isOn();
    button.querySelector("[data-off]").hidden = !isOn();
  }
  button.addEventListener("click", async () => {
    if (isOn()) localStorage.removeItem(ON);
    else if (await Notification.requestPermission() === "granted") localStorage.setItem(ON, "on");
    draw();
  });
  draw();
})();
