// Layers on top of each other, along dates.

import {areaY, plot, pointerX, ruleX, text, tip} from "@observablehq/plot";
import {number, placeName, places, tick} from "./numbers.js";
import {followWithKeys} from "./keys.js";
import {happenings} from "./happenings.js";

/** Draws all charts of a figure into `live`. */
export function drawStack(live, figure, {width, layers}) {
  const one = figure.panels.length === 1;
  const columns = one ? 1 : Math.max(1, Math.min(4, figure.panels.length, Math.floor(width / 270)));
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
  const right = names ? 150 : 12;
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
      drawn.map(({layer, below, above}) => ({layer, y: (below[last] + above[last]) / 2})),
      (high * 13) / (height - 44),
    );
    marks.push(
      text(labels, {
        x: () => at[last],
        y: "y",
        text: ({layer}) => `${layer.name} ${number(layer.values[last], figure.decimals)}`,
        textAnchor: "start",
        dx: 6,
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
    x: {type: "utc", label: null, ticks: Math.max(3, Math.floor(width / 90))},
    y: {domain: [0, high], label: null, ticks: 5, tickFormat: tick},
    marks,
  });
  const box = document.createElement("div");
  box.className = "panel";
  const title = document.createElement("h5");
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

/** Moves labels apart until none is nearer to the next than `least`. */
function apart(labels, least) {
  const rising = [...labels].sort((a, b) => a.y - b.y);
  for (let index = 1; index < rising.length; index += 1) {
    rising[index].y = Math.max(rising[index].y, rising[index - 1].y + least);
  }
  return rising;
}
