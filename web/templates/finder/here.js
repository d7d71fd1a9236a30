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
