// Tables that sort: each heading becomes a button. Numbers start with the highest, names with the first; rows without a value
// stay last either way.
(function () {
  "use strict";

  function value(row, column) {
    const cell = row.cells[column];
    if (column === 0) {
      return Number(row.dataset.order); // The order of the methods, which is not the alphabet's.
    }
    return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
  }

  function sort(table, column, direction) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    const sign = direction === "ascending" ? 1 : -1;
    rows.sort((a, b) => {
      const [x, y] = [value(a, column), value(b, column)];
      if (x === null || y === null) {
        return (x === null) - (y === null);
      }
      return sign * (x - y) || a.dataset.order - b.dataset.order;
    });
    body.append(...rows);
  }

  function prepare(table) {
    Array.from(table.tBodies[0].rows).forEach((row, index) => (row.dataset.order = index));
    const headings = Array.from(table.tHead.rows[0].cells);
    headings.forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = heading.textContent;
      heading.replaceChildren(button);
      heading.setAttribute("aria-sort", column === 0 ? "ascending" : "none");
      button.addEventListener("click", () => {
        const before = heading.getAttribute("aria-sort");
        const first = column === 0 ? "ascending" : "descending";
        const other = column === 0 ? "descending" : "ascending";
        const direction = before === first ? other : first;
        headings.forEach((each) => each.setAttribute("aria-sort", each === heading ? direction : "none"));
        sort(table, column, direction);
      });
    });
  }

  document.querySelectorAll("table[data-sortable]").forEach(prepare);
})();
