"use strict";
const tap = document.getElementById("tap");
if (tap && "geolocation" in navigator) {
  const found = ({ coords }) => {
    tap.form.at.value = coords.latitude.toFixed(3) + "," + coords.longitude.toFixed(3);
    tap.form.submit();
  };
  const failed = () => {
    tap.disabled = false;
    tap.textContent = tap.dataset.failed;
  };
  tap.hidden = false;
  tap.onclick = () => {
    tap.disabled = true;
    tap.textContent = tap.dataset.looks;
    navigator.geolocation.getCurrentPosition(found, failed, { timeout: 20000 });
  };
}
const talk = document.getElementById("talk");
async function listen() {
  if (document.hidden) return;
  try {
    const answer = await fetch(talk.dataset.from, { cache: "no-store", signal: AbortSignal.timeout(8000) });
    if (answer.status !== 200) return;
    const newer = document.createElement("ul");
    newer.innerHTML = await answer.text();
    if (newer.innerHTML !== talk.innerHTML) talk.innerHTML = newer.innerHTML;
  } catch {} // asked again soon, and by the link
}
if (talk) {
  document.getElementById("live").hidden = false;
  setInterval(listen, 10000);
  document.addEventListener("visibilitychange", listen);
}
