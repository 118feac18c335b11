// The whole table behind a figure: every date.

import {number, placeName} from "./numbers.js";

const QUANTILES = ["5 %", "25 %", "median", "75 %", "95 %"];

/** Adds a button that puts the whole table in the place of the short one. */
export function unfoldTable(element, figure) {
  const details = element.querySelector("details.table");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = figure.x.is === "dates" ? "Every date" : "Every value";
  button.addEventListener("click", () => {
    details.querySelector(".scroll").replaceChildren(...columnsOf(figure).map((part) => table(figure, part)));
    button.remove();
  });
  details.append(button);
}

/** What is drawn in each chart of a figure, as columns of numbers. */
export function columnsOf(figure) {
  const chart = ({title, unit, decimals, columns}) => ({
    title: unit ? `${title}${title ? ", " : ""}${unit}` : title,
    panel: title,
    unit,
    decimals,
    columns,
  });
  if (figure.kind === "stack") {
    return figure.panels.map((panel) =>
      chart({
        title: panel.title,
        unit: figure.unit,
        decimals: figure.decimals,
        columns: [...panel.layers].reverse().map((layer) => ({name: layer.name, values: layer.values})),
      }),
    );
  }
  return figure.panels.map((panel) =>
    chart({
      title: panel.title,
      unit: panel.unit,
      decimals: panel.decimals,
      columns: panel.series.flatMap((series) => {
        const name = series.name ? `${series.name} ` : "";
        switch (series.is) {
          case "fan":
            return series.quantiles.map((values, index) => ({name: `${name}${QUANTILES[index]}`, values}));
          case "line":
            return [{name: series.name, values: series.values}];
          case "points":
            return [
              {name: series.name, values: series.values},
              {name: `${name}low`, values: series.low},
              {name: `${name}high`, values: series.high},
            ];
          default:
            return series.lines.map((values, index) => ({name: `replica ${index}`, values}));
        }
      }),
    }),
  );
}

function table(figure, part) {
  const made = document.createElement("table");
  if (part.title) {
    made.createCaption().textContent = part.title;
  }
  const head = made.createTHead().insertRow();
  const first = figure.x.is === "dates" ? "date" : figure.x.label;
  for (const name of [first, ...part.columns.map((column) => column.name)]) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = name;
    head.append(cell);
  }
  const body = made.createTBody();
  figure.x.at.forEach((_, index) => {
    if (part.columns.every((column) => column.values[index] === null)) {
      return;
    }
    const row = body.insertRow();
    const name = document.createElement("th");
    name.scope = "row";
    name.textContent = placeName(figure.x, index);
    row.append(name);
    for (const column of part.columns) {
      row.insertCell().textContent = number(column.values[index], part.decimals);
    }
  });
  return made;
}
