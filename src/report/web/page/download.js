// The numbers of a figure as a file.

import {axisOf, columnsOf} from "./table.js";

/** Adds a button that saves the numbers of a figure as CSV: one row is one number. */
export function offerDownload(element, figure) {
  offer(element, figure.id, () => csvOf(figure));
}

/** Adds a button that saves a table as it stands. */
export function offerTable(element) {
  const cells = (row) => [...row.cells].map((cell) => quoted(cell.textContent)).join(",") + "\n";
  offer(element, element.id.replace("figure-", ""), () => [...element.querySelectorAll("tr")].map(cells).join(""));
}

function offer(element, name, text) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "CSV";
  button.title = "Save the numbers of this figure";
  button.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text()], {type: "text/csv"}));
    link.download = `${name}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
  element.querySelector(".tools").append(button);
}

function csvOf(figure) {
  const over = axisOf(figure);
  const lines = [["chart", "unit", "series", over.title, "value"]];
  for (const part of columnsOf(figure)) {
    for (const column of part.columns) {
      column.values.forEach((value, index) => {
        const text = column.text ? column.text(value) : value ?? "";
        lines.push([part.panel, part.unit, column.name, over.at[index], text]);
      });
    }
  }
  return lines.map((line) => line.map(quoted).join(",") + "\n").join("");
}

function quoted(cell) {
  const text = String(cell);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
