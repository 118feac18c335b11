// The whole table behind a figure: every date.

import {number, placeName} from "./numbers.js";

const QUANTILES = ["5 %", "25 %", "median", "75 %", "95 %"];

/** Adds a button that puts the whole table in the place of the short one. */
export function unfoldTable(element, figure) {
  const details = element.querySelector("details.table");
  const button = document.createElement("button");
  button.type = "button";
  const over = axisOf(figure);
  button.textContent = `Every ${over.kind}`;
  button.addEventListener("click", () => {
    details.querySelector(".scroll").replaceChildren(...columnsOf(figure).map((part) => table(over, part)));
    // What is shown of a sweep may change.
    if (figure.kind !== "surface") {
      button.remove();
    }
  });
  details.append(button);
}

/** What rows of a figure's tables are of. */
export function axisOf(figure) {
  if (figure.kind === "surface") {
    const points = figure.axes[0].at.map((_, point) => point);
    return {kind: "point", title: "point", at: points, name: String};
  }
  const dates = figure.x.is === "dates";
  return {
    kind: dates ? "date" : "value",
    title: dates ? "date" : figure.x.label,
    at: figure.x.at,
    name: (_, index) => placeName(figure.x, index),
  };
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
  if (figure.kind === "surface") {
    const metric = figure.shown ?? figure.metrics[0];
    const axes = figure.axes.map((axis) => ({
      name: axis.name,
      values: axis.at,
      text: (value) => (axis.numeric ? String(value) : axis.levels[value]),
    }));
    const quantiles = metric.quantiles.map((values, index) => ({name: QUANTILES[index], values}));
    const columns = [...axes, {name: "mean", values: metric.mean}, {name: "se", values: metric.error}, ...quantiles];
    return [chart({title: `${metric.label} on ${metric.date}`, unit: metric.unit, decimals: metric.decimals, columns})];
  }
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

function table(over, part) {
  const made = document.createElement("table");
  if (part.title) {
    made.createCaption().textContent = part.title;
  }
  const head = made.createTHead().insertRow();
  for (const name of [over.title, ...part.columns.map((column) => column.name)]) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = name;
    head.append(cell);
  }
  const body = made.createTBody();
  over.at.forEach((place, index) => {
    if (part.columns.every((column) => column.values[index] === null)) {
      return;
    }
    const row = body.insertRow();
    const name = document.createElement("th");
    name.scope = "row";
    name.textContent = over.name(place, index);
    row.append(name);
    for (const column of part.columns) {
      const value = column.values[index];
      row.insertCell().textContent = column.text ? column.text(value) : number(value, part.decimals);
    }
  });
  return made;
}
