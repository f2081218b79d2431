// Pictures of several epochs: one is shown, and a list chooses which.
(function () {
  "use strict";

  function prepare(album) {
    const pictures = Array.from(album.querySelectorAll("figure"));
    if (pictures.length < 2) {
      return;
    }
    const list = document.createElement("select");
    for (const picture of pictures) {
      list.add(new Option(picture.dataset.epoch, picture.dataset.epoch));
    }
    list.selectedIndex = pictures.length - 1;
    list.setAttribute("aria-label", `Epoch: ${album.dataset.epochs}`);
    list.addEventListener("change", () => {
      pictures.forEach((picture) => (picture.hidden = picture.dataset.epoch !== list.value));
    });
    const label = document.createElement("label");
    label.append("After epoch ", list);
    album.prepend(label);
  }

  document.querySelectorAll("[data-epochs]").forEach(prepare);
})();
