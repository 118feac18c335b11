// Layers on top of each other, along dates.

import {areaY, dot, link, plot, pointerX, ruleX, text, tip} from "@observablehq/plot";
import {number, placeName, places, tick} from "./numbers.js";
import {followWithKeys} from "./keys.js";
import {happenings} from "./happenings.js";
import {columnsFor} from "./panels.js";

/** Draws all charts of a figure into `live`. */
export function drawStack(live, figure, {width, layers}) {
  const one = figure.panels.length === 1;
  const columns = one ? 1 : columnsFor(figure.panels.length, width);
  live.style.setProperty("--columns", columns);
  live.style.setProperty("--print-columns", Math.min(2, columns));
  const own = Math.floor((width - 16 * (columns - 1)) / columns);
  live.replaceChildren(...figure.panels.map((panel) => chart(figure, panel, own, one, layers)));
}

function chart(figure, panel, width, wide, colours) {
  const at = places(figure.x);
  const rows = at.map((x, index) => ({x, index}));
  const sums = at.map(() => 0);
  const drawn = panel.layers.map((layer) => {
    const below = [...sums];
    layer.values.forEach((value, index) => (sums[index] += value ?? 0));
    return {layer, below, above: [...sums]};
  });
  const high = Math.max(...sums, 1e-9);
  // Names stand beside the chart where there is room for them.
  const names = wide && width > 560;
  const right = names ? 190 : 12;
  const height = wide ? 360 : 210;
  const marks = drawn.map(({layer, below, above}) =>
    areaY(rows, {
      x: "x",
      y1: (row) => below[row.index],
      y2: (row) => above[row.index],
      fill: colours[Math.min(layer.colour, colours.length - 1)],
      stroke: "var(--paper)",
      strokeWidth: 0.7,
    }),
  );
  marks.push(...happenings(figure.marks, at, width));
  if (names) {
    const last = rows.length - 1;
    const labels = apart(
      drawn.map(({layer, below, above}) => ({layer, band: (below[last] + above[last]) / 2, y: (below[last] + above[last]) / 2})),
      (high * 13) / (height - 44),
    );
    const place = (label) => label.y;
    marks.push(
      link(labels, {
        x1: () => at[last],
        x2: () => at[last],
        y1: "band",
        y2: place,
        stroke: "var(--faint)",
        insetStart: 0,
        dx: 4,
      }),
      dot(labels, {
        x: () => at[last],
        y: place,
        dx: 11,
        r: 4.5,
        symbol: "square",
        fill: ({layer}) => colours[Math.min(layer.colour, colours.length - 1)],
      }),
      text(labels, {
        x: () => at[last],
        y: "y",
        text: ({layer}) => `${layer.name} ${number(layer.values[last], figure.decimals)}`,
        textAnchor: "start",
        dx: 20,
        fontSize: 11,
        fill: "var(--ink)",
      }),
    );
  }
  const said = (row) =>
    [
      placeName(figure.x, row.index),
      ...[...panel.layers].reverse().map((layer) => `${layer.name}: ${number(layer.values[row.index], figure.decimals)} %`),
    ].join("\n");
  marks.push(ruleX(rows, pointerX({x: "x", stroke: "var(--ink)"})));
  marks.push(
    tip(
      rows,
      pointerX({x: "x", y: () => high / 2, title: said, fill: "var(--paper)", stroke: "var(--faint)", fontSize: 11, pathFilter: null}),
    ),
  );
  const svg = plot({
    width,
    height,
    marginLeft: 46,
    marginRight: right,
    marginTop: 20,
    marginBottom: 24,
    style: {fontFamily: "inherit", fontSize: "11px", overflow: "visible"},
    x: {
      type: "utc",
      domain: at.length > 1 ? [at[0], at.at(-1)] : undefined,
      label: null,
      ticks: Math.max(2, Math.floor(width / 90)),
    },
    y: {domain: [0, high], label: null, ticks: 5, tickFormat: tick},
    marks,
  });
  const box = document.createElement("div");
  box.className = "panel";
  const title = document.createElement("h4");
  const small = document.createElement("span");
  small.textContent = figure.unit;
  title.append(panel.title, panel.title ? " " : "", small);
  box.append(title, svg);
  if (!names) {
    box.append(legend(panel, colours));
  }
  followWithKeys(box, svg, panel.title || figure.title, rows, (row) => said(row).replaceAll("\n", ", "));
  return box;
}

/** What the colours mean, below a chart that has no room beside it. */
function legend(panel, colours) {
  const list = document.createElement("ul");
  list.className = "swatches";
  for (const layer of [...panel.layers].reverse()) {
    const item = document.createElement("li");
    const swatch = document.createElement("i");
    swatch.style.background = colours[Math.min(layer.colour, colours.length - 1)];
    item.append(swatch, layer.name);
    list.append(item);
  }
  return list;
}

/** Moves labels apart until none is nearer to the next than `least`: those that are too near share the room around their middle. */
function apart(labels, least) {
  const groups = [...labels].sort((a, b) => a.y - b.y).map((label) => ({middle: label.y, labels: [label]}));
  for (let index = 0; index + 1 < groups.length; ) {
    const [one, other] = [groups[index], groups[index + 1]];
    const top = one.middle + ((one.labels.length - 1) / 2) * least;
    const bottom = other.middle - ((other.labels.length - 1) / 2) * least;
    if (bottom - top >= least) {
      index += 1;
      continue;
    }
    const count = one.labels.length + other.labels.length;
    const middle = (one.middle * one.labels.length + other.middle * other.labels.length) / count;
    groups.splice(index, 2, {middle, labels: [...one.labels, ...other.labels]});
    index = Math.max(0, index - 1);
  }
  for (const {middle, labels: own} of groups) {
    own.forEach((label, place) => {
      label.y = middle + (place - (own.length - 1) / 2) * least;
    });
  }
  return labels;
}
