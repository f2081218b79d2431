// The theme that the reader chose earlier, set before anything is drawn: a large page would first show the other one.
(function () {
  "use strict";
  try {
    const kept = localStorage.getItem("bmae-theme");
    if (kept === "light" || kept === "dark") {
      document.documentElement.dataset.theme = kept;
    }
  } catch {
    // A page opened as a file may have no storage.
  }
})();
