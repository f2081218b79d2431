// The theme: the system's, until the reader chooses the other one. The choice is kept where the browser allows it.
(function () {
  "use strict";
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  // kept_theme.js takes it from there.
  function keep(theme) {
    try {
      localStorage.setItem("bmae-theme", theme);
    } catch {
      // Then the choice lasts as long as the page.
    }
  }

  function current() {
    return root.dataset.theme || (dark.matches ? "dark" : "light");
  }

  const button = document.createElement("button");
  button.type = "button";
  button.id = "theme";
  button.className = "quiet";

  // The button says what it does, which is the other theme than the one that is shown.
  function show() {
    const other = current() === "dark" ? "light" : "dark";
    button.textContent = other === "dark" ? "Dark theme" : "Light theme";
    button.title = `Show this page in the ${other} theme`;
    // Charts are painted with colours that they read from the page.
    document.dispatchEvent(new Event("themechange"));
  }

  button.addEventListener("click", () => {
    root.dataset.theme = current() === "dark" ? "light" : "dark";
    keep(root.dataset.theme);
    show();
  });
  dark.addEventListener("change", show);
  document.querySelector("header").prepend(button);
  show();
})();
