// Small charts over one horizontal axis: fans of quantiles, lines, measured points.

import {areaY, dot, lineY, plot, pointerX, ruleX, ruleY, text, tip} from "@observablehq/plot";
import {number, placeName, places, tick} from "./numbers.js";
import {followWithKeys} from "./keys.js";
import {happenings} from "./happenings.js";

const BANDS = [
  [0, 4, 0.17],
  [1, 3, 0.27],
];

// Room above and below what is drawn in logs, as a factor, and most labels there.
const LOG_ROOM = 1.12;
const MOST_LABELS = 9;
// Distance of a name from its line, px.
const APART = 9;
// Width of a letter of a name, about, px.
const LETTER = 8;

/** Draws all charts of a figure into `live`. */
export function drawPanels(live, figure, {width}) {
  const columns = figure.wide ? 1 : columnsFor(figure.panels.length, width);
  live.style.setProperty("--columns", columns);
  live.style.setProperty("--print-columns", Math.min(3, columns, figure.panels.length));
  const own = Math.floor((width - 16 * (columns - 1)) / columns);
  const heights = figure.one_scale ? extent(figure.panels) : null;
  live.replaceChildren(...figure.panels.map((panel) => chart(figure, panel, own, heights)));
}

function chart(figure, panel, width, heights) {
  const at = places(figure.x);
  const [low, highest] = heights ?? extent([panel]);
  const high = Math.min(highest, panel.top ?? Infinity);
  const logs = figure.heights === "logs" && low > 0;
  const bottom = logs ? low / LOG_ROOM : floorOf(panel, low, high);
  const room = 0.06 * (high - bottom || Math.abs(high) || 1);
  const domain = logs ? [bottom, high * LOG_ROOM] : [bottom === 0 ? 0 : bottom - room, high + room];
  const rows = at.map((x, index) => ({x, index}));
  const unit = panel.unit ? ` ${panel.unit}` : "";
  const marks = [];
  marks.push(...happenings(panel.marks, at, width));
  for (const level of panel.levels) {
    marks.push(ruleY([level.at], {stroke: "var(--ink)", strokeOpacity: 0.55, title: () => level.label}));
  }
  for (const series of panel.series) {
    marks.push(...drawn(series, rows, figure.joined));
  }
  if (figure.legend.length === 0) {
    marks.push(...names(panel.series, at, domain[1], width));
  }
  const said = (row) => tipText(figure, panel, row.index, unit);
  const anchor = (row) => anchorOf(panel, row.index);
  marks.push(ruleX(rows, pointerX({x: "x", stroke: "var(--soft)"})));
  marks.push(
    tip(
      rows.filter((row) => anchor(row) !== null),
      pointerX({
        x: "x",
        y: anchor,
        title: said,
        fill: "var(--paper)",
        stroke: "var(--faint)",
        fontSize: 11,
        lineHeight: 1.25,
        pathFilter: null,
      }),
    ),
  );
  const svg = plot({
    width,
    height: figure.wide ? 320 : width < 200 ? 160 : 190,
    marginLeft: 46,
    marginRight: 12,
    marginTop: 20,
    marginBottom: figure.x.is === "dates" ? 24 : 38,
    style: {fontFamily: "inherit", fontSize: "11px", overflow: "visible"},
    x: {
      type: figure.x.is === "dates" ? "utc" : "linear",
      domain: at.length > 1 ? [at[0], at.at(-1)] : undefined,
      label: figure.x.is === "dates" ? null : figure.x.label,
      labelAnchor: "center",
      labelArrow: "none",
      ticks: Math.max(2, Math.floor(width / 90)),
    },
    y: {
      type: logs ? "log" : "linear",
      domain,
      label: null,
      ticks: logs ? logTicks(...domain) : 5,
      tickFormat: tick,
      grid: true,
    },
    marks,
  });
  const box = document.createElement("div");
  box.className = "panel";
  const title = document.createElement("h4");
  title.textContent = panel.title;
  if (panel.unit) {
    const small = document.createElement("span");
    small.textContent = panel.unit;
    title.append(" ", small);
  }
  box.append(title, svg);
  const name = panel.unit ? `${panel.title}, ${panel.unit}` : panel.title;
  followWithKeys(box, svg, name, rows, (row) => said(row).replaceAll("\n", ", "));
  return box;
}

/** The marks of one thing that is drawn; `joined` passes over places at which it is not defined. */
function drawn(series, all, joined) {
  const tone = `var(--${series.tone})`;
  const value = (values) => (row) => values[row.index] ?? NaN;
  const main = series.quantiles?.[2] ?? series.values;
  const rows = joined && main ? all.filter((row) => main[row.index] !== null) : all;
  switch (series.is) {
    case "fan": {
      if (rows.length === 1) {
        // A single place has no area: its bands are broad lines.
        const middle = value(series.quantiles[2]);
        return [
          ...BANDS.map(([low, high, opacity]) =>
            ruleX(rows, {x: "x", y1: value(series.quantiles[low]), y2: value(series.quantiles[high]), stroke: tone, strokeOpacity: opacity, strokeWidth: 14}),
          ),
          dot(rows, {x: "x", y: middle, r: 3.5, fill: tone}),
        ];
      }
      const bands = BANDS.map(([low, high, opacity]) =>
        areaY(rows, {
          x: "x",
          y1: value(series.quantiles[low]),
          y2: value(series.quantiles[high]),
          fill: tone,
          fillOpacity: opacity,
          clip: true,
        }),
      );
      return [...bands, lineY(rows, {x: "x", y: value(series.quantiles[2]), stroke: tone, strokeWidth: 1.8, clip: true})];
    }
    case "line":
      return [
        lineY(rows, {
          x: "x",
          y: value(series.values),
          stroke: tone,
          strokeWidth: 1.5,
          strokeDasharray: series.dashed ? "4 3" : null,
          clip: true,
        }),
      ];
    case "points": {
      const seen = rows.filter((row) => series.values[row.index] !== null);
      const whole = seen.filter((row) => series.low[row.index] !== null);
      return [
        ruleX(whole, {x: "x", y1: value(series.low), y2: value(series.high), stroke: tone, strokeOpacity: 0.6, clip: true}),
        dot(seen, {x: "x", y: value(series.values), r: 2.2, fill: tone}),
      ];
    }
    case "replicas":
      return series.lines.map((line) =>
        lineY(rows, {x: "x", y: value(line), stroke: "var(--ink)", strokeOpacity: 0.22, strokeWidth: 0.6, className: "replica", clip: true}),
      );
    default:
      return [];
  }
}

/** Names of series where they end, in place of a legend: of the higher ones above their line, of the lowest below. */
function names(all, at, top, width) {
  const span = at.at(-1) - at[0] || 1;
  const ends = all
    .filter((series) => series.name && (series.is === "fan" || series.is === "line"))
    .map((series) => {
      const values = series.quantiles?.[2] ?? series.values;
      const place = values.findLastIndex((value) => value !== null);
      return {name: series.name, tone: `var(--${series.tone})`, place, height: Math.min(values[place], top)};
    })
    .filter((end) => end.place >= 0);
  return ends.map((end) => {
    const others = ends.filter((other) => other !== end && other.place === end.place);
    // What is cut off at the top is named below it.
    const below = end.height === top || (others.length > 0 && others.every((other) => other.height >= end.height));
    // Where there is no room for it on the left of the end, it begins where the chart does.
    const short = ((at[end.place] - at[0]) / span) * width < LETTER * end.name.length;
    return text([end], {
      x: short ? at[0] : at[end.place],
      y: end.height,
      text: () => end.name,
      textAnchor: short ? "start" : "end",
      lineAnchor: below ? "top" : "bottom",
      dx: short ? 4 : -4,
      dy: below ? APART : -APART,
      fill: end.tone,
      stroke: "var(--paper)",
      strokeWidth: 4,
      fontSize: 13,
      fontWeight: 600,
    });
  });
}

/** Where an axis in logs is labelled: at 1, 2 and 5 times powers of ten, or at these alone. */
function logTicks(low, high) {
  const powers = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    powers.push(10 ** power);
  }
  const within = (steps) => powers.flatMap((power) => steps.map((step) => step * power)).filter((at) => at >= low && at <= high);
  const labels = within([1, 2, 5]);
  return labels.length > MOST_LABELS ? within([1]) : labels;
}

/** So many small charts stand in a row. */
export function columnsFor(charts, width) {
  const least = width < 520 ? 165 : 270;
  return Math.max(1, Math.min(4, charts, Math.floor(width / least)));
}

/** Where the vertical axis begins; what is below 0 by rounding alone is 0. */
function floorOf(panel, low, high) {
  const dust = Math.abs(low) < 1e-9 * Math.abs(high);
  return dust ? 0 : panel.from_zero ? Math.min(0, low) : low;
}

/** Where the tip of a place points to: the median of what the chart is about, or the first thing that is defined. */
function anchorOf(panel, index) {
  for (const series of panel.series) {
    const value = series.is === "fan" ? series.quantiles[2][index] : series.values?.[index];
    if (value !== null && value !== undefined) {
      return value;
    }
  }
  return null;
}

/** What is said of a place: every series with its unit. */
function tipText(figure, panel, index, unit) {
  const lines = [placeName(figure.x, index)];
  for (const series of panel.series) {
    const name = series.name ? `${series.name}: ` : "";
    const at = (values) => number(values[index], panel.decimals);
    if (series.is === "fan") {
      const q = series.quantiles;
      lines.push(`${name}${at(q[2])}${unit}`);
      if (q[2][index] !== null) {
        lines.push(`half in ${at(q[1])} – ${at(q[3])}${unit}`, `nine tenths in ${at(q[0])} – ${at(q[4])}${unit}`);
      }
    } else if (series.is === "line") {
      lines.push(`${name}${at(series.values)}${unit}`);
    } else if (series.is === "points" && series.values[index] !== null) {
      lines.push(`${name}${at(series.values)}${unit} (${at(series.low)} – ${at(series.high)}${unit})`);
    }
  }
  return lines.join("\n");
}

/** Lowest and highest of what is drawn. */
function extent(panels) {
  let low = Infinity;
  let high = -Infinity;
  const see = (values) => {
    for (const value of values) {
      if (value !== null) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
  };
  for (const panel of panels) {
    see(panel.levels.map((level) => level.at));
    for (const series of panel.series) {
      if (series.is === "fan") {
        see(series.quantiles[0]);
        see(series.quantiles[4]);
      } else if (series.is === "points") {
        [series.values, series.low, series.high].forEach(see);
      } else if (series.is === "replicas") {
        series.lines.forEach(see);
      } else {
        see(series.values);
      }
    }
  }
  return low <= high ? [low, high] : [0, 1];
}
