// Refreshes the parts of a page that a round changed. Without it a page shows how things were when it was opened.
// It asks for the page itself, of which the server then sends the parts alone, and takes nothing but success.
"use strict";
(() => {
  const main = document.querySelector("main[data-live]");
  const note = document.getElementById("live");
  if (!main || !window.EventSource) return;
  const patience = 2 * 1000 * Number(main.dataset.beat) + 5000; // two beats that do not come
  let source, timer, tag = "", busy = false, again = false;

  const over = (text) => { note.firstElementChild.textContent = text; note.hidden = false };
  const alive = () => {
    clearTimeout(timer);
    note.hidden = true;
    timer = setTimeout(over, patience, note.dataset.over);
  };

  // What somebody opened stays open, and where they were they still are.
  function put(fresh, here) {
    if (here.isEqualNode(fresh)) return;
    const at = document.activeElement;
    if (here.contains(at) && at.matches("input, select")) return; // they are writing
    for (const d of here.querySelectorAll("details[open][id]")) {
      const same = fresh.querySelector("#" + CSS.escape(d.id));
      if (same) same.open = true;
    }
    const focus = here.contains(at) && at.id;
    here.replaceWith(fresh);
    if (focus) document.getElementById(focus)?.focus();
  }

  async function refresh() {
    if (busy) { again = true; return }
    busy = true;
    try {
      const answer = await fetch(location.href, {
        headers: { "Holdfast-Part": "1", "If-None-Match": tag }, cache: "no-store", redirect: "error",
      });
      if (answer.status === 401) {
        source.close();
        clearTimeout(timer);
        over(note.dataset.out);
      } else if (answer.status === 200) {
        tag = answer.headers.get("ETag") || "";
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const fresh of page.querySelectorAll("[data-part]")) {
          const here = document.getElementById(fresh.id);
          if (here) put(document.adoptNode(fresh), here);
        }
      }
    } catch { /* the next event, or the next beat that does not come, says more */ }
    busy = false;
    if (again) { again = false; refresh() }
  }

  function open() {
    source = new EventSource(main.dataset.live);
    source.addEventListener("open", () => { alive(); refresh() });
    source.addEventListener("beat", alive);
    source.addEventListener("change", () => { alive(); refresh() });
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
      clearTimeout(timer);
      over(note.dataset.over);
      refresh(); // which also finds out whether one is signed in
    });
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      source?.close();
      source = undefined;
      clearTimeout(timer);
    } else if (!source) {
      open();
    }
  });
  addEventListener("pagehide", () => { source?.close(); source = undefined });
  addEventListener("pageshow", (e) => { if (e.persisted && !source && !document.hidden) open() });
  if (!document.hidden) open();
})();
