// Keeps the parts marked data-live as fresh as the server; says so when it can't. Forms are never touched.
"use strict";
const parts = [...document.querySelectorAll("[data-live]")];
const stale = document.getElementById("stale");
const page = document.getElementById("main").dataset.page;
let fresh = new Date();
if (page) history.replaceState(null, "", page); // a form given back: asked for again, it is the page it stands on

async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(8000) });
    if (answer.redirected) { location.reload(); return; }
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of parts) {
      const newer = page.querySelector(`[data-live="${part.dataset.live}"]`);
      if (!newer || newer.innerHTML === part.innerHTML) continue;
      const focused = part.contains(document.activeElement) && document.activeElement.getAttribute("href");
      part.innerHTML = newer.innerHTML;
      if (focused) part.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
    }
    document.title = page.title;
    fresh = new Date();
    stale.hidden = true;
  } catch {
    stale.textContent = stale.dataset.text.replace("{time}", fresh.toLocaleTimeString());
    stale.hidden = false;
  }
}

if (parts.length) {
  setInterval(refresh, 5000);
  document.addEventListener("visibilitychange", refresh);
}
