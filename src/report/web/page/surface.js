// A metric over the axes of a sweep: a line over one axis, cells over two, points where levels are drawn.

import {areaY, dot, lineY, link, plot, pointer, pointerX, rect, ruleX, ruleY, text, tip} from "@observablehq/plot";
import {number, tick} from "./numbers.js";
import {followWithKeys} from "./keys.js";

const NINE_TENTHS = 1.645;
// Most small charts for the levels of a third axis.
const MOST_FACETS = 12;

/** What is chosen in each figure: kept when it is drawn again. */
const chosen = new WeakMap();

/** Draws the figure into `live`, with what is to be chosen above it. */
export function drawSurface(live, figure, {width}) {
  if (!chosen.has(live)) {
    const first = figure.metrics[0];
    chosen.set(live, {label: first.label, date: first.date, value: figure.value, x: 0, y: Math.min(1, figure.axes.length - 1)});
  }
  const state = chosen.get(live);
  const metric = figure.metrics.find((one) => one.label === state.label && one.date === state.date);
  figure.shown = metric;
  live.style.setProperty("--columns", 1);
  live.style.setProperty("--print-columns", 1);
  const again = () => drawSurface(live, figure, {width});
  const charts = document.createElement("div");
  charts.className = "live";
  const listed = figure.axes.every((axis) => axis.levels.length > 0);
  if (figure.axes.length === 1 && figure.axes[0].numeric) {
    charts.append(curve(figure, metric, state, width));
  } else if (listed && figure.axes.length > 1) {
    charts.append(...facets(figure, metric, state, width, charts));
  } else {
    const columns = Math.max(1, Math.min(3, figure.axes.length, Math.floor(width / 330)));
    charts.style.setProperty("--columns", columns);
    const own = Math.floor((width - 16 * (columns - 1)) / columns);
    charts.append(...figure.axes.map((axis) => scatter(axis, metric, state, own)));
  }
  live.replaceChildren(controls(figure, state, again), charts);
}

/** Selections of metric, date, axes and value. */
function controls(figure, state, again) {
  const bar = document.createElement("div");
  bar.className = "controls choices";
  const labels = [...new Set(figure.metrics.map((one) => one.label))];
  const dates = [...new Set(figure.metrics.filter((one) => one.label === state.label).map((one) => one.date))];
  bar.append(
    select("Metric", labels, state.label, (label) => {
      state.label = label;
      const all = figure.metrics.filter((one) => one.label === label);
      const metric = all.find((one) => one.date === state.date) ?? all[0];
      state.date = metric.date;
      state.value = middle(metric);
      again();
    }),
  );
  if (dates.length > 1) {
    bar.append(
      select("Date", dates, state.date, (date) => {
        state.date = date;
        again();
      }),
    );
  }
  if (figure.axes.length > 2 && figure.axes.every((axis) => axis.levels.length > 0)) {
    const names = figure.axes.map((axis) => axis.name);
    for (const [place, name] of [["x", "Across"], ["y", "Up"]]) {
      bar.append(
        select(name, names, names[state[place]], (axis) => {
          const other = place === "x" ? "y" : "x";
          const before = state[place];
          state[place] = names.indexOf(axis);
          if (state[other] === state[place]) {
            state[other] = before;
          }
          again();
        }),
      );
    }
  }
  const input = document.createElement("input");
  input.type = "number";
  input.step = "any";
  input.value = state.value;
  input.addEventListener("change", () => {
    if (input.value !== "") {
      state.value = +input.value;
      again();
    }
  });
  bar.append(labelled("Line at", input));
  return bar;
}

function select(name, options, now, choose) {
  const list = document.createElement("select");
  for (const option of options) {
    list.add(new Option(option, option, option === now, option === now));
  }
  list.addEventListener("change", () => choose(list.value));
  return labelled(name, list);
}

function labelled(name, control) {
  const label = document.createElement("label");
  label.append(`${name} `, control);
  return label;
}

/** The middle of the range of a metric, with two digits. */
function middle(metric) {
  const means = metric.mean.filter((mean) => mean !== null);
  return +((Math.min(...means) + Math.max(...means)) / 2).toPrecision(2);
}

function saying(metric, point, places) {
  const unit = metric.unit ? ` ${metric.unit}` : "";
  const at = (values, more = 0) => number(values[point], metric.decimals + more);
  const most = Math.max(...metric.replicas);
  const q = metric.quantiles;
  return [
    ...places,
    `${metric.label}: ${at(metric.mean)}${unit}`,
    `standard error ${at(metric.error, 1)}`,
    `nine tenths of the replicas in ${at(q[0])} – ${at(q[4])}${unit}`,
    ...(metric.replicas[point] < most ? [`over ${metric.replicas[point]} of ${most} replicas: nothing runs in the others`] : []),
  ].join("\n");
}

function placeOf(axis, point) {
  const at = axis.at[point];
  return `${axis.name} = ${axis.numeric ? at : axis.levels[at]}`;
}

const STYLE = {fontFamily: "inherit", fontSize: "11px", overflow: "visible"};
const TIP = {fill: "var(--paper)", stroke: "var(--faint)", fontSize: 11, pathFilter: null};

function boxed(title, unit, svg) {
  const box = document.createElement("div");
  box.className = "panel";
  const head = document.createElement("h4");
  const small = document.createElement("span");
  small.textContent = unit;
  head.append(title, " ", small);
  box.append(head, svg);
  return box;
}

/** One axis of numbers: the bands of the replicas, and the mean with its error. */
function curve(figure, metric, state, width) {
  const [axis] = figure.axes;
  const rows = axis.at
    .map((x, point) => ({x, point}))
    .filter((row) => metric.mean[row.point] !== null)
    .sort((a, b) => a.x - b.x);
  const value = (values) => (row) => values[row.point];
  const said = (row) => saying(metric, row.point, [placeOf(axis, row.point)]);
  const svg = plot({
    width,
    height: 340,
    marginLeft: 52,
    marginBottom: 40,
    style: STYLE,
    x: {label: axis.name, labelAnchor: "center", labelArrow: "none", ticks: Math.floor(width / 90)},
    y: {label: null, grid: true, tickFormat: tick, ticks: 6},
    marks: [
      areaY(rows, {x: "x", y1: value(metric.quantiles[0]), y2: value(metric.quantiles[4]), fill: "var(--main)", fillOpacity: 0.17}),
      areaY(rows, {x: "x", y1: value(metric.quantiles[1]), y2: value(metric.quantiles[3]), fill: "var(--main)", fillOpacity: 0.27}),
      ruleX(rows, errorBars(metric, {x: "x", stroke: "var(--other)"})),
      lineY(rows, {x: "x", y: value(metric.mean), stroke: "var(--other)", strokeWidth: 1.6}),
      dot(rows, {x: "x", y: value(metric.mean), r: 2.4, fill: "var(--other)"}),
      ruleY([state.value], {stroke: "var(--ink)", strokeDasharray: "4 3"}),
      tip(rows, pointerX({...TIP, x: "x", y: value(metric.mean), title: said})),
    ],
  });
  const box = boxed(`${metric.label} on ${metric.date}`, `${metric.unit} – line: mean with its 90 % error; bands: middle half and nine tenths of the replicas`, svg);
  followWithKeys(box, svg, metric.label, rows, (row) => said(row).replaceAll("\n", ", "));
  return box;
}

function errorBars(metric, options) {
  const end = (sign) => (row) => metric.mean[row.point] + sign * NINE_TENTHS * (metric.error[row.point] ?? 0);
  return {...options, y1: end(-1), y2: end(1), strokeOpacity: 0.7};
}

/** Means of all points over one axis: which side of the value they are on. */
function scatter(axis, metric, state, width) {
  const rows = axis.at.map((x, point) => ({x, point})).filter((row) => metric.mean[row.point] !== null);
  const below = (row) => metric.mean[row.point] < state.value;
  const named = !axis.numeric;
  const svg = plot({
    width,
    height: 230,
    marginLeft: 46,
    marginBottom: 40,
    style: STYLE,
    x: {
      type: "linear",
      label: axis.name,
      labelAnchor: "center",
      labelArrow: "none",
      ticks: named ? axis.levels.map((_, place) => place) : Math.floor(width / 70),
      tickFormat: named ? (place) => axis.levels[place] : undefined,
      inset: named ? 20 : 0,
    },
    y: {label: null, grid: true, tickFormat: tick, ticks: 5},
    marks: [
      ruleY([state.value], {stroke: "var(--ink)", strokeDasharray: "4 3"}),
      ruleX(rows, errorBars(metric, {x: "x", stroke: "var(--faint)"})),
      dot(rows, {x: "x", y: (row) => metric.mean[row.point], r: 2.4, fill: (row) => (below(row) ? "var(--other)" : "var(--main)")}),
      tip(rows, pointer({...TIP, x: "x", y: (row) => metric.mean[row.point], title: (row) => saying(metric, row.point, [placeOf(axis, row.point)])})),
    ],
  });
  return boxed(metric.label, `${metric.unit} on ${metric.date}`, svg);
}

/** Cells over two axes; a chart for each level of a third; means over all others. */
function facets(figure, metric, state, width, charts) {
  const [across, up] = [figure.axes[state.x], figure.axes[state.y]];
  const third = figure.axes.find((axis) => axis !== across && axis !== up);
  const all = metric.mean.map((_, point) => point);
  const groups = third
    ? third.levels.slice(0, MOST_FACETS).map((level, place) => ({
        name: `${third.name} = ${level}`,
        points: all.filter((point) => third.at[point] === (third.numeric ? +level : place)),
      }))
    : [{name: "", points: all}];
  const columns = Math.max(1, Math.min(3, groups.length, Math.floor(width / 330)));
  charts.style.setProperty("--columns", columns);
  const own = Math.floor((width - 16 * (columns - 1)) / columns);
  const means = metric.mean.filter((mean) => mean !== null);
  const range = [Math.min(...means), Math.max(...means)];
  return groups.map((group) => heat({across, up, metric, state, group, range, width: own}));
}

/** Places of an axis, rising, with their names. */
function placesOf(axis) {
  const places = [...new Set(axis.at)].sort((a, b) => a - b);
  return {places, names: places.map((place) => (axis.numeric ? String(place) : axis.levels[place]))};
}

function heat({across, up, metric, state, group, range, width}) {
  const [columns, rows] = [placesOf(across), placesOf(up)];
  const cells = new Map();
  for (const point of group.points) {
    const mean = metric.mean[point];
    if (mean !== null) {
      const column = columns.places.indexOf(across.at[point]);
      const row = rows.places.indexOf(up.at[point]);
      const key = row * columns.places.length + column;
      const cell = cells.get(key) ?? {column, row, sum: 0, points: []};
      cell.sum += mean;
      cell.points.push(point);
      cells.set(key, cell);
    }
  }
  const all = [...cells.values()].map((cell) => ({...cell, mean: cell.sum / cell.points.length}));
  const at = (column, row) => {
    const cell = cells.get(row * columns.places.length + column);
    return cell ? cell.sum / cell.points.length : null;
  };
  const strength = (cell) => (range[1] > range[0] ? (cell.mean - range[0]) / (range[1] - range[0]) : 0.5);
  const fill = (cell) => `color-mix(in oklab, var(--map-high) ${(100 * strength(cell)).toFixed(1)}%, var(--map-low))`;
  const unit = metric.unit ? ` ${metric.unit}` : "";
  const said = (cell) => {
    const places = [`${across.name} = ${columns.names[cell.column]}`, `${up.name} = ${rows.names[cell.row]}`];
    if (cell.points.length === 1) {
      return saying(metric, cell.points[0], places);
    }
    return [...places, `${metric.label}: ${number(cell.mean, metric.decimals)}${unit}`, `mean of ${cell.points.length} points`].join("\n");
  };
  const longest = Math.max(...rows.names.map((name) => name.length));
  const left = Math.min(150, 18 + 7 * longest);
  const cellWidth = (width - left - 12) / columns.places.length;
  const height = Math.max(200, Math.min(520, 30 * rows.places.length + 70));
  const cellHeight = (height - 60) / rows.places.length;
  const room = cellWidth > 11 + 6.5 * number(range[1], metric.decimals).length && cellHeight > 15;
  const every = Math.ceil(columns.places.length / Math.max(2, Math.floor((width - left) / (14 + 7 * Math.max(...columns.names.map((name) => name.length))))));
  const svg = plot({
    width,
    height,
    marginLeft: left,
    marginRight: 12,
    marginTop: 14,
    marginBottom: 44,
    style: STYLE,
    x: {
      type: "linear",
      domain: [-0.5, columns.places.length - 0.5],
      ticks: columns.places.map((_, place) => place).filter((place) => place % every === 0),
      tickFormat: (place) => columns.names[place],
      tickSize: 0,
      label: across.name,
      labelAnchor: "center",
      labelArrow: "none",
    },
    y: {
      type: "linear",
      domain: [-0.5, rows.places.length - 0.5],
      ticks: rows.places.map((_, place) => place).filter((place) => cellHeight > 11 || place % 2 === 0),
      tickFormat: (place) => rows.names[place],
      tickSize: 0,
      label: up.name,
      labelArrow: "none",
    },
    marks: [
      rect(all, {
        x1: (cell) => cell.column - 0.5,
        x2: (cell) => cell.column + 0.5,
        y1: (cell) => cell.row - 0.5,
        y2: (cell) => cell.row + 0.5,
        fill,
        // What few replicas tell is pale.
        fillOpacity: (cell) => (cell.points.some((point) => 2 * metric.replicas[point] < Math.max(...metric.replicas)) ? 0.35 : 1),
        inset: 0.5,
      }),
      room
        ? text(all, {
            x: "column",
            y: "row",
            text: (cell) => number(cell.mean, metric.decimals),
            fill: "var(--ink)",
            stroke: "var(--paper)",
            strokeWidth: 3,
            fontSize: 11,
          })
        : null,
      link(tippingLine(at, columns.places.length, rows.places.length, state.value), {
        x1: (line) => line[0][0],
        y1: (line) => line[0][1],
        x2: (line) => line[1][0],
        y2: (line) => line[1][1],
        stroke: "var(--other)",
        strokeWidth: 2.5,
        strokeLinecap: "round",
      }),
      tip(all, pointer({...TIP, x: "column", y: "row", title: said})),
    ],
  });
  const title = [group.name, `${metric.label} on ${metric.date}`].filter(Boolean).join(": ");
  const told = (value) => number(value, metric.decimals);
  const box = boxed(title, `${metric.unit} – line: ${told(state.value)}, colours: ${told(range[0])} to ${told(range[1])}`, svg);
  const reading = [...all].sort((a, b) => a.row - b.row || a.column - b.column).map((cell) => ({...cell, x: cell.column}));
  followWithKeys(box, svg, metric.label, reading, (cell) => said(cell).replaceAll("\n", ", "));
  return box;
}

/** Pieces of the line on which a metric has a value, on straight lines between the middles of neighbouring cells. */
function tippingLine(at, columns, rows, value) {
  const lines = [];
  const between = ([x1, y1], [x2, y2]) => {
    const [one, other] = [at(x1, y1), at(x2, y2)];
    if (one === null || other === null || one < value === other < value) {
      return null;
    }
    const part = (value - one) / (other - one);
    return [x1 + part * (x2 - x1), y1 + part * (y2 - y1)];
  };
  for (let row = 0; row + 1 < rows; row += 1) {
    for (let column = 0; column + 1 < columns; column += 1) {
      const corners = [
        [column, row],
        [column + 1, row],
        [column + 1, row + 1],
        [column, row + 1],
      ];
      const met = corners.map((corner, index) => between(corner, corners[(index + 1) % 4])).filter(Boolean);
      for (let index = 0; index + 1 < met.length; index += 2) {
        lines.push([met[index], met[index + 1]]);
      }
    }
  }
  return lines;
}
