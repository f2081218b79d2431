// Tabs: the panels of the curves, and the views of each panel, one at a time. Arrow keys move between tabs, as readers of
// such lists expect.
(function () {
  "use strict";
  let wanted = null; // The evaluation that the reader looked at last; other panels follow it.

  function tablist(label, className, items, onSelect) {
    const list = document.createElement("div");
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", label);
    list.className = className;
    const tabs = items.map(({ panel, name }) => {
      const tab = document.createElement("button");
      tab.type = "button";
      tab.id = `tab-${panel.id}`;
      tab.textContent = name;
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panel.id);
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tab.id);
      list.append(tab);
      return tab;
    });

    function select(index) {
      tabs.forEach((tab, each) => {
        tab.setAttribute("aria-selected", String(each === index));
        tab.tabIndex = each === index ? 0 : -1;
        items[each].panel.hidden = each !== index;
      });
      // Where the tabs have no room, the chosen one comes into sight with a bit of its neighbours.
      list.scrollLeft = tabs[index].offsetLeft - (list.clientWidth - tabs[index].offsetWidth) / 2;
      onSelect(index);
      document.dispatchEvent(new Event("panelchange"));
    }

    function choose(index) {
      const at = (index + tabs.length) % tabs.length;
      select(at);
      tabs[at].focus();
    }

    tabs.forEach((tab, index) => {
      tab.addEventListener("click", () => select(index));
      tab.addEventListener("keydown", (event) => {
        const target = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 }[event.key];
        if (target !== undefined) {
          event.preventDefault();
          choose(target);
        }
      });
    });
    return { list, select };
  }

  function views(panel) {
    const items = Array.from(panel.querySelectorAll("[data-view]")).map((view) => ({ panel: view, name: view.dataset.view }));
    if (items.length < 2) {
      return () => {};
    }
    const { list, select } = tablist("What is measured", "views", items, (index) => (wanted = items[index].name));
    panel.querySelector("h3").after(list);
    // The first view with something to show.
    select(Math.max(0, items.findIndex((item) => item.panel.querySelector("figure"))));
    return () => {
      const index = items.findIndex(({ name }) => name === wanted);
      if (index >= 0) {
        select(index);
      }
    };
  }

  const explorer = document.getElementById("explorer");
  if (!explorer) {
    return;
  }
  const panels = Array.from(explorer.querySelectorAll(".panel"));
  const follow = panels.map(views);
  wanted = null;
  const items = panels.map((panel) => ({ panel, name: panel.dataset.tab }));
  const { list, select } = tablist("Figures", "tabs", items, (index) => follow[index]());
  explorer.prepend(list);
  explorer.classList.add("live");
  // The first panel with something to show.
  select(Math.max(0, panels.findIndex((panel) => panel.querySelector("figure"))));

  // A link to a figure or panel opens the panel that holds it.
  function followHash() {
    const id = location.hash.slice(1);
    const target = id && document.getElementById(id);
    const index = panels.findIndex((panel) => target && panel.contains(target));
    if (index >= 0) {
      select(index);
      target.scrollIntoView();
    }
  }
  addEventListener("hashchange", followHash);
  followHash();
})();
