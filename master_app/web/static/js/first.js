/* First visit: the picture fills in band by band; name and password are judged while they are typed. */
(() => {
  "use strict";
  const picture = document.getElementById("picture");
  if (picture && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
    const bands = 24;
    const tiles = [];
    const shape = "M2.500 1.500v9L11 6z";
    for (let number = 0; number < bands; number += 1) {
      const tile = document.createElement("div");
      tile.className = "tile";
      tile.setAttribute("aria-hidden", "true");
      tile.style.top = `${(100 * number) / bands}%`;
      tile.style.height = `${100 / bands + 0.2}%`;
      picture.append(tile);
      tiles.push(tile);
    }
    let next = 0;
    const running = [];
    const step = () => {
      if (running.length && (running.length >= 4 || next >= bands)) running.shift().remove();
      if (next < bands && running.length < 4) {
        const tile = tiles[next];
        next += 1;
        tile.classList.add("run");
        tile.innerHTML = `<svg width="12" height="12" viewBox="0 0 12 12"><path d="${shape}" fill="currentColor"/></svg>`;
        running.push(tile);
      }
      if (running.length || next < bands) setTimeout(step, 90 + Math.random() * 120);
    };
    setTimeout(step, 500);
  }
  const password = document.getElementById("f-password");
  const enough = document.getElementById("long-enough");
  if (password && enough) {
    const judge = () => { enough.hidden = password.value.length < Number(password.dataset.least); };
    password.addEventListener("input", judge);
    judge();
  }
  const name = document.getElementById("f-username");
  if (name && document.getElementById("register")) {
    const note = document.createElement("span");
    note.setAttribute("role", "status");
    name.after(note);
    name.parentElement.classList.add("suffix");
    name.addEventListener("blur", async () => {
      if (!name.value) return;
      const answer = await fetch(`/check-name?name=${encodeURIComponent(name.value)}`);
      if (!answer.ok) return;
      const found = await answer.json();
      note.textContent = found.words.length < 20 ? found.words : "";
      note.className = found.free ? "t-good" : "t-bad";
    });
    name.addEventListener("input", () => { note.textContent = ""; });
  }
})();
