/* One task: the grid's card and keys, and the log that follows. */
(() => {
  "use strict";
  const PITCH = 12;

  // ---- the grid: one tab stop, arrow keys, a card for the cell
  let chosen = -1;
  let wanted = 0;
  function grid() { return document.getElementById("cells"); }
  function place(cell) {
    const box = grid();
    const columns = Number(box.dataset.columns);
    const count = Number(box.dataset.cells);
    chosen = Math.max(0, Math.min(count - 1, cell));
    const ring = box.querySelector(".ring");
    ring.removeAttribute("hidden");
    ring.setAttribute("x", (chosen % columns) * PITCH - 1);
    ring.setAttribute("y", Math.floor(chosen / columns) * PITCH - 1);
    show(box, chosen);
  }
  async function show(box, cell) {
    const card = document.getElementById("cellcard");
    const index = cell * Number(box.dataset.each);
    const mine = ++wanted;
    const answer = await fetch(`${box.dataset.card.replace(/0$/, index)}?card=1`, { headers: { "X-Live": "1" } });
    if (!answer.ok || mine !== wanted) return;
    card.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
    const svg = box.querySelector("svg");
    const columns = Number(box.dataset.columns);
    const left = Number(box.dataset.left);
    const area = svg.getBoundingClientRect();
    const parent = card.parentElement.getBoundingClientRect();
    const scale = area.width / svg.viewBox.baseVal.width;
    const x = area.left - parent.left + ((cell % columns) * PITCH + left + 16) * scale;
    const y = area.top - parent.top + Math.floor(cell / columns) * PITCH * scale;
    card.hidden = false;
    // Beside the cells where there is room, so that it hides none of them; else under the cell.
    const beside = area.right - parent.left + 8;
    const fits = beside + card.offsetWidth <= parent.width;
    card.style.left = `${fits ? beside : Math.max(0, Math.min(x, parent.width - card.offsetWidth - 8))}px`;
    card.style.top = `${fits ? Math.max(8, y - 40) : y + 18}px`;
  }
  function cellAt(event) {
    const box = grid();
    const svg = box.querySelector("svg");
    const area = svg.getBoundingClientRect();
    const scale = area.width / svg.viewBox.baseVal.width;
    const column = Math.floor(((event.clientX - area.left) / scale - Number(box.dataset.left)) / PITCH);
    const row = Math.floor((event.clientY - area.top) / scale / PITCH);
    const columns = Number(box.dataset.columns);
    const cell = row * columns + column;
    return column >= 0 && column < columns && cell >= 0 && cell < Number(box.dataset.cells) ? cell : -1;
  }
  let hover = 0;
  document.addEventListener("pointermove", (event) => {
    const box = grid();
    if (!box || !box.contains(event.target)) return;
    const cell = cellAt(event);
    if (cell === chosen || cell < 0) return;
    clearTimeout(hover);
    hover = setTimeout(() => place(cell), 120);
  });
  document.addEventListener("click", (event) => {
    const box = grid();
    const card = document.getElementById("cellcard");
    if (box && box.contains(event.target)) { const cell = cellAt(event); if (cell >= 0) place(cell); return; }
    if (card && !card.contains(event.target)) card.hidden = true;
  });
  document.addEventListener("keydown", (event) => {
    const box = grid();
    if (!box || document.activeElement !== box) return;
    const columns = Number(box.dataset.columns);
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
    if (event.key in steps) { event.preventDefault(); place((chosen < 0 ? -steps[event.key] : chosen) + steps[event.key]); }
    if (event.key === "Enter" && chosen >= 0) location.href = box.dataset.card.replace(/0$/, chosen * Number(box.dataset.each));
    if (event.key === "Escape") document.getElementById("cellcard").hidden = true;
  });

  // ---- the log: follows until somebody scrolls up
  const box = document.getElementById("log");
  if (!box) return;
  const pause = document.getElementById("log-pause");
  const fresh = document.getElementById("log-new");
  const find = document.getElementById("log-find");
  const part = document.getElementById("log-part");
  let paused = false;
  let timer = 0;
  const atEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  const toEnd = () => { box.scrollTop = box.scrollHeight; fresh.hidden = true; };
  toEnd();
  function pre(kind) {
    let found = box.querySelector(`pre.${kind}`);
    if (!found) {
      box.querySelectorAll("p").forEach((each) => each.remove());
      found = document.createElement("pre");
      found.className = kind;
      if (kind === "out") box.prepend(found); else box.append(found);
    }
    return found;
  }
  async function read() {
    timer = 0;
    if (paused || document.hidden || box.dataset.ended === "1") { again(3000); return; }
    const at = new URLSearchParams({ part: box.dataset.part, attempt: box.dataset.attempt, out: box.dataset.out, err: box.dataset.err });
    let wait = 3000;
    try {
      const answer = await fetch(`${box.dataset.url}?${at}`, { headers: { "X-Live": "1" } });
      if (answer.ok) {
        const log = await answer.json();
        const follows = atEnd();
        let grew = false;
        if (log.fresh && log.attempt) { box.replaceChildren(); }
        for (const [kind, stream] of Object.entries(log.streams)) {
          if (stream.text) { pre(kind).append(stream.text); grew = true; trim(pre(kind)); }
          box.dataset[kind] = stream.next;
        }
        box.dataset.attempt = log.attempt;
        if (grew && follows) toEnd(); else if (grew) fresh.hidden = false;
        if (grew) wait = 1000;
        if (log.ended && !grew) wait = 6000;
      }
    } catch { wait = 5000; }
    again(wait);
  }
  function trim(element) {
    if (element.textContent.length > 400000) element.textContent = element.textContent.slice(-300000);
  }
  function again(wait) { clearTimeout(timer); timer = setTimeout(read, wait); }
  again(1000);
  fresh.addEventListener("click", toEnd);
  box.addEventListener("scroll", () => { if (atEnd()) fresh.hidden = true; });
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    const label = pause.querySelector("span");
    [label.textContent, label.dataset.other] = [label.dataset.other, label.textContent];
  });
  part.addEventListener("change", () => { const to = new URL(location.href); to.searchParams.set("part", part.value); location.href = to; });
  find.addEventListener("input", () => {
    box.querySelectorAll("mark").forEach((each) => each.replaceWith(each.textContent));
    box.normalize();
    const text = find.value.toLowerCase();
    if (text.length < 2) return;
    let first = null;
    for (const element of box.querySelectorAll("pre")) {
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      const nodes = [];
      while (walker.nextNode()) nodes.push(walker.currentNode);
      for (const node of nodes) {
        let rest = node;
        for (let found = 0; found < 200; found += 1) {
          const at = rest.data.toLowerCase().indexOf(text);
          if (at < 0) break;
          const hit = rest.splitText(at);
          rest = hit.splitText(text.length);
          const mark = document.createElement("mark");
          hit.replaceWith(mark);
          mark.append(hit);
          first = first || mark;
        }
      }
    }
    if (first) first.scrollIntoView({ block: "center" });
  });
})();
