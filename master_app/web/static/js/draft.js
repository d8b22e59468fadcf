/* A draft: after each change it is checked again, and what follows from it is drawn again. */
(() => {
  "use strict";
  const form = document.getElementById("draft");
  let timer = 0;
  let sending = null;
  function later() { clearTimeout(timer); timer = setTimeout(check, 350); }
  async function check() {
    const fields = new FormData(form);
    for (const name of ["csrf_token", "key", "do"]) fields.delete(name);
    const query = new URLSearchParams();
    for (const [name, value] of fields) if (value !== "") query.append(name, value);
    const url = `${form.dataset.check}?${query}`;
    if (sending) sending.abort();
    sending = new AbortController();
    try {
      const answer = await fetch(url, { headers: { "X-Live": "1" }, signal: sending.signal });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      history.replaceState(null, "", url);
      for (const id of ["s-bundle", "s-split", "s-quote", "fit"]) {
        const old = document.getElementById(id);
        const other = fresh.getElementById(id);
        if (old && other) window.hivemind.morph(old, other);
      }
    } catch { /* the next change checks again; sending checks in any case */ }
  }
  form.addEventListener("input", (event) => {
    const output = event.target.closest(".field") && event.target.closest(".field").querySelector("output");
    if (output) output.textContent = event.target.value;
    later();
  });
  form.addEventListener("click", (event) => {
    const step = event.target.closest("[data-step]");
    if (step) {
      const input = step.parentElement.querySelector("input");
      const value = Number(input.value) || 0;
      const by = Number(step.dataset.step);
      const next = value + by;
      input.value = String(next > 0 ? Math.round(next * 100) / 100 : (input.name === "gpus" ? 0 : value / 2));
      later();
    }
    const better = event.target.closest("#fit button");
    if (better) { event.preventDefault(); form.querySelector("#r-memory_gb").value = better.value; check(); }
  });
})();
