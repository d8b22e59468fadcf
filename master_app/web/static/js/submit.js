/* Drop a zip or a folder: packed in the page, named by its SHA-256, sent in pieces, resumed after a cut. */
(() => {
  "use strict";
  const drop = document.getElementById("drop");
  const progress = document.getElementById("progress");
  const bar = progress.querySelector("i");
  const text = progress.querySelector("p");
  const words = JSON.parse(drop.dataset.words);
  const PIECE = 8 << 20;
  const MOST = 2 * 1024 ** 3;

  const CRC = (() => {
    const table = new Uint32Array(256);
    for (let number = 0; number < 256; number += 1) {
      let value = number;
      for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
      table[number] = value >>> 0;
    }
    return table;
  })();
  function crc32(bytes) {
    let crc = 0xffffffff;
    for (let at = 0; at < bytes.length; at += 1) crc = CRC[(crc ^ bytes[at]) & 255] ^ (crc >>> 8);
    return (crc ^ 0xffffffff) >>> 0;
  }
  /* A zip whose members are stored as they are: names in UTF-8, one pass. */
  async function pack(files) {
    const parts = [];
    const central = [];
    let offset = 0;
    let done = 0;
    for (const { path, file } of files) {
      const content = new Uint8Array(await file.arrayBuffer());
      const name = new TextEncoder().encode(path);
      const head = new DataView(new ArrayBuffer(30));
      const fill = (view, at, rows) => rows.reduce((place, [size, value]) => { if (size === 2) view.setUint16(place, value, true); else view.setUint32(place, value, true); return place + size; }, at);
      const common = [[2, 20], [2, 0x0800], [2, 0], [2, 0], [2, 0x5821], [4, crc32(content)], [4, content.length], [4, content.length], [2, name.length], [2, 0]];
      fill(head, 0, [[4, 0x04034b50], ...common]);
      const entry = new DataView(new ArrayBuffer(46));
      fill(entry, 0, [[4, 0x02014b50], [2, 0x0314], ...common, [2, 0], [2, 0], [2, 0], [4, 0x81a40000], [4, offset]]);
      parts.push(head, name, content);
      central.push(entry, name);
      offset += 30 + name.length + content.length;
      done += 1;
      if (done % 20 === 0) show(0.3 * done / files.length, words.zipping.replace("FILES", files.length));
    }
    const size = central.reduce((sum, part) => sum + part.byteLength, 0);
    const end = new DataView(new ArrayBuffer(22));
    end.setUint32(0, 0x06054b50, true);
    end.setUint16(8, files.length, true);
    end.setUint16(10, files.length, true);
    end.setUint32(12, size, true);
    end.setUint32(16, offset, true);
    return new Blob([...parts, ...central, end], { type: "application/zip" });
  }
  function show(share, what) {
    progress.hidden = false;
    bar.style.width = `${Math.round(share * 100)}%`;
    text.textContent = what;
  }
  async function digest(blob) {
    const hash = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
    return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
  async function send(blob, name) {
    if (blob.size > MOST) { show(0, words.toolarge); return; }
    show(0, words.reading.replace("NAME", name));
    const sha = await digest(blob);
    const began = Date.now();
    let sent = 0;
    for (let tries = 0; tries < 20;) {
      try {
        const at = await (await fetch(`/submit/offset/${sha}`)).json();
        if (at.complete) { show(1, words.known); break; }
        let offset = at.offset;
        while (offset < blob.size) {
          const piece = blob.slice(offset, offset + PIECE);
          const answer = await fetch(`/submit/piece/${sha}?size=${blob.size}&offset=${offset}`, { method: "PUT", body: piece, headers: { "X-CSRFToken": drop.dataset.token, "Content-Type": "application/octet-stream" } });
          if (answer.status === 409) break;
          if (!answer.ok) {
            const page = new DOMParser().parseFromString(await answer.text(), "text/html");
            show(0, words.failed.replace("REASON", (page.querySelector("h1") || { textContent: answer.status }).textContent));
            return;
          }
          offset = (await answer.json()).offset;
          sent += piece.size;
          tries = 0;
          const rate = sent / Math.max(1, Date.now() - began);
          const left = Math.ceil((blob.size - offset) / Math.max(1, rate) / 1000);
          show(offset / blob.size, `${words.sending} ${Math.round((100 * offset) / blob.size)} %, ${(rate / 1048.576).toFixed(1)} MB/s, ${words.left.replace("TIME", `${left} s`)}`);
        }
        if (offset >= blob.size) break;
      } catch {
        tries += 1;
        text.textContent = words.again;
        await wait(Math.min(10000, 500 * 2 ** tries));
      }
    }
    location.href = `/submit/${sha}?file=${encodeURIComponent(name)}`;
  }
  async function entriesOf(entry, prefix = "") {
    if (entry.isFile) return [{ path: prefix + entry.name, file: await new Promise((ok, no) => { entry.file(ok, no); }) }];
    const reader = entry.createReader();
    const found = [];
    for (;;) {
      const batch = await new Promise((ok, no) => { reader.readEntries(ok, no); });
      if (!batch.length) break;
      for (const each of batch) found.push(...await entriesOf(each, `${prefix}${entry.name}/`));
    }
    return found;
  }
  const skip = (path) => /(^|\/)(\.git|__pycache__|\.venv|venv|node_modules|__MACOSX)\//.test(path) || /(^|\/)\.DS_Store$/.test(path);
  async function sendFiles(files, name) {
    const kept = files.filter(({ path }) => !skip(path));
    show(0, words.zipping.replace("FILES", kept.length));
    await send(await pack(kept), `${name}.zip`);
  }
  document.getElementById("zip").addEventListener("change", (event) => { const [file] = event.target.files; if (file) send(file, file.name); });
  document.getElementById("folder").addEventListener("change", (event) => {
    const files = [...event.target.files].map((file) => ({ path: file.webkitRelativePath, file }));
    if (files.length) sendFiles(files, files[0].path.split("/")[0]);
  });
  for (const kind of ["dragenter", "dragover"]) document.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const kind of ["dragleave", "drop"]) document.addEventListener(kind, (event) => { event.preventDefault(); if (kind === "drop" || event.target === document.documentElement) drop.classList.remove("over"); });
  document.addEventListener("drop", async (event) => {
    const items = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry()).filter(Boolean);
    if (items.length === 1 && items[0].isFile && /\.zip$/i.test(items[0].name)) { const [file] = event.dataTransfer.files; send(file, file.name); return; }
    const files = [];
    for (const item of items) files.push(...await entriesOf(item));
    if (files.length) sendFiles(files, items[0].name);
  });
})();
