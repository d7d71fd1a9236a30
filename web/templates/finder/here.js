"use strict";
const tap = document.getElementById("tap");
if (tap && "geolocation" in navigator) {
  tap.hidden = false;
  tap.onclick = () => navigator.geolocation.getCurrentPosition(({ coords }) => {
    tap.form.at.value = coords.latitude.toFixed(3) + "," + coords.longitude.toFixed(3);
    tap.form.submit();
  }, () => { tap.hidden = true; });
}
