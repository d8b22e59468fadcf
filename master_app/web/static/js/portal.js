/* Every page: live regions, copy buttons, dialogs, menus, the browser's time zone. Pages work without it. */
(() => {
  "use strict";
  const root = document.documentElement;
  const body = document.body;
  root.classList.add("js");
  const words = JSON.parse(body.dataset.words || "{}");

  // ---- the reader's time zone: the server writes times in it from the next page on
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.includes(`hm_zone=${zone};`) && !document.cookie.endsWith(`hm_zone=${zone}`)) {
    document.cookie = `hm_zone=${zone};path=/;max-age=31536000;samesite=lax`;
  }

  // ---- small things
  document.addEventListener("click", (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const label = copy.querySelector("span") || copy;
      const before = label.textContent;
      navigator.clipboard.writeText(copy.dataset.copy).then(() => {
        label.textContent = words.copied;
        setTimeout(() => { label.textContent = before; }, 1500);
      });
    }
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialog);
      if (dialog) { event.preventDefault(); dialog.showModal(); }
    }
    if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
    const jump = event.target.closest("a[href^='#']");
    const folded = jump && document.getElementById(jump.hash.slice(1));
    if (folded && folded.tagName === "DETAILS") folded.open = true;
    const toggle = event.target.closest("[data-show-password]");
    if (toggle) {
      const input = document.getElementById(toggle.dataset.showPassword);
      input.type = input.type === "password" ? "text" : "password";
    }
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelectorAll("details.menu[open]").forEach((m) => { m.open = false; });
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    const find = document.querySelector("[data-find]");
    if (event.key === "/" && find && !typing) { event.preventDefault(); find.focus(); }
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (form.method === "post" && !event.defaultPrevented) {
      form.dataset.sent = "1";
      setTimeout(() => { delete form.dataset.sent; }, 5000);
    }
  });
  for (const input of document.querySelectorAll("[data-submit-on-change]")) {
    input.addEventListener("change", () => input.form.requestSubmit());
  }

  // ---- morph: make one tree like another, keeping what a person is doing in it
  function morph(old, fresh) {
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) { old.replaceWith(fresh); return; }
    if (old.nodeType === Node.TEXT_NODE) { if (old.data !== fresh.data) old.data = fresh.data; return; }
    if (old.nodeType !== Node.ELEMENT_NODE || old.hasAttribute("data-keep")) return;
    const held = old === document.activeElement && /^(INPUT|TEXTAREA|SELECT)$/.test(old.tagName);
    if (held) return;
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !(old.tagName === "DETAILS" && name === "open") && !(old.tagName === "DIALOG" && name === "open")) old.removeAttribute(name);
    }
    for (const { name, value } of [...fresh.attributes]) {
      if (old.getAttribute(name) !== value && !(old.tagName === "DETAILS" && name === "open")) old.setAttribute(name, value);
    }
    const byId = new Map();
    for (const child of old.children) if (child.id) byId.set(child.id, child);
    let at = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      const known = child.id ? byId.get(child.id) : null;
      if (known && known !== at) old.insertBefore(known, at);
      const here = known || at;
      if (!here || (!known && here.id && here.id !== child.id)) { old.insertBefore(child, at); continue; }
      at = here.nextSibling;
      morph(here, child);
    }
    while (at) { const next = at.nextSibling; at.remove(); at = next; }
  }

  // ---- live regions: a change names things; the page is fetched once and its regions are made like it
  let timer = 0;
  let busy = false;
  let again = false;
  async function refresh() {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { "X-Live": "1" }, redirect: "manual" });
      if (answer.type === "opaqueredirect") { location.reload(); return; }
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const region of document.querySelectorAll("[data-live][id]")) {
        const other = fresh.getElementById(region.id);
        if (other) morph(region, other); else region.replaceChildren();
      }
      for (const other of fresh.querySelectorAll("[data-live-new][id]")) {
        if (!document.getElementById(other.id)) { location.reload(); return; }
      }
      document.dispatchEvent(new CustomEvent("hm:fresh"));
      mark("on");
    } catch { /* the stream says when the link is back */ } finally {
      busy = false;
      if (again) { again = false; soon(); }
    }
  }
  function soon(wait = 250) {
    if (timer || document.hidden) { again = document.hidden || again; return; }
    timer = setTimeout(() => { timer = 0; refresh(); }, wait);
  }
  function interested(change) {
    for (const region of document.querySelectorAll("[data-live]")) {
      for (const key of region.dataset.live.split(" ")) {
        if (key === change.kind || key === `${change.kind}:${change.id}`) return true;
      }
    }
    return false;
  }

  let lastAt = new Date();
  function mark(state) {
    const dot = document.getElementById("live");
    const clock = (date) => date.toLocaleTimeString([], { hour12: false });
    if (state === "on") lastAt = new Date();
    if (!dot) return;
    dot.classList.toggle("on", state === "on");
    dot.classList.toggle("lost", state === "lost");
    const text = dot.querySelector("[data-live-words]");
    text.textContent = state === "on" ? words.live.replace("TIME", clock(lastAt)) : words.lost.replace("TIME", clock(lastAt));
  }

  // ---- one stream a browser: the tab that holds the lock reads it and tells the others
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("hivemind-live") : null;
  let position = Number(body.dataset.commit || 0);
  let heardAt = Date.now();
  function hear(message) {
    heardAt = Date.now();
    if (message.kind === "lost") { mark("lost"); return; }
    if (message.kind === "bye") { location.reload(); return; }
    if (message.commit) position = Math.max(position, message.commit);
    mark("on");
    document.dispatchEvent(new CustomEvent("hm:event", { detail: message }));
    if (message.kind === "reset") soon();
    if (message.kind === "change" && message.changes.some(interested)) soon();
  }
  function tell(message) { hear(message); if (channel) channel.postMessage(message); }
  if (channel) channel.onmessage = (event) => hear(event.data);

  function lead() {
    return new Promise(() => {
      let source = null;
      let saidLost = false;
      const open = () => {
        source = new EventSource(`${body.dataset.liveUrl}?after=${position}`);
        for (const kind of ["hello", "change", "reset", "pulse", "bye"]) {
          source.addEventListener(kind, (event) => {
            const data = JSON.parse(event.data);
            saidLost = false;
            tell({ kind, commit: data.commit, changes: data.changes || [] });
          });
        }
      };
      open();
      setInterval(() => {
        if (Date.now() - heardAt < 10000) return;
        if (!saidLost) { saidLost = true; tell({ kind: "lost" }); heardAt = Date.now() - 10000; }
        if (source.readyState === EventSource.CLOSED) { source.close(); open(); }
      }, 2000);
    });
  }
  if (body.dataset.liveUrl && "EventSource" in window) {
    if (navigator.locks) navigator.locks.request("hivemind-live", lead); else lead();
    document.addEventListener("visibilitychange", () => { if (!document.hidden && (again || Date.now() - lastAt > 5000)) { again = false; soon(50); } });
    setInterval(() => { if (document.querySelector("[data-live-every]")) soon(); }, 5000);
  }
  window.hivemind = { refresh, morph, words };
})();
