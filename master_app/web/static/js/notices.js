/* Notices in this browser: asked for on the settings page, shown while a page of the portal is open. */
(() => {
  "use strict";
  const ON = "hm_notices";
  const SEEN = "hm_notices_seen";
  const can = "Notification" in window;
  const isOn = () => can && Notification.permission === "granted" && localStorage.getItem(ON) === "on";
  const seen = () => Number(localStorage.getItem(SEEN) || 0);

  async function after(sequence) {
    const answer = await fetch(`/notices/fresh?after=${sequence}`, { redirect: "manual" });
    return answer.ok ? (await answer.json()).items : [];
  }
  function show(title, text, tag) {
    return new Notification(title, { body: text, tag: `hivemind-${tag}`, lang: document.documentElement.lang });
  }

  async function tell(from) {
    for (const item of await after(from).catch(() => [])) {
      if (item.sequence <= seen()) continue;
      localStorage.setItem(SEEN, String(item.sequence));
      const shown = show(item.title, item.text, item.sequence);
      shown.onclick = () => { window.focus(); location.href = item.url; };
    }
  }

  // Every open page hears of a notice, and what one of them stores reaches the others a moment later: the page that
  // holds the lock tells. When it goes, the next one tells what came meanwhile.
  let isTeller = !navigator.locks;
  navigator.locks?.request("hm_notices", () => {
    isTeller = true;
    if (isOn()) tell(seen());
    return new Promise(() => {});
  });
  document.addEventListener("hm:event", (event) => {
    const message = event.detail;
    if (!isTeller || !isOn()) return;
    const numbers = (message.changes || []).filter((change) => change.kind === "notice").map((change) => Number(change.id));
    // After a long cut the stream does not know what was missed; the list does.
    if (!numbers.length && message.kind !== "reset") return;
    tell(numbers.length ? Math.max(seen(), Math.min(...numbers) - 1) : seen());
  });

  const panel = document.getElementById("browser-notices");
  if (!panel) return;
  const words = JSON.parse(panel.dataset.words);
  const button = panel.querySelector("[data-turn]");
  let isRefused = false;
  function draw() {
    const blocked = can && Notification.permission === "denied";
    const none = !can || isRefused;
    panel.querySelector("[data-state]").textContent = none ? words.none : blocked ? words.blocked : isOn() ? words.on : words.off;
    button.hidden = none || blocked;
    button.querySelector("[data-on]").hidden = isOn();
    button.querySelector("[data-off]").hidden = !isOn();
  }
  async function turnOn() {
    if (await Notification.requestPermission() !== "granted") return;
    // What is old already is not told again. Browsers of phones have the permission but refuse the notice itself.
    localStorage.setItem(SEEN, panel.dataset.newest);
    try { show(words.title, words.sample, "sample"); } catch { isRefused = true; return; }
    localStorage.setItem(ON, "on");
  }
  button.addEventListener("click", async () => {
    if (isOn()) localStorage.removeItem(ON); else await turnOn();
    draw();
  });
  draw();
})();
