// What happens when, on an axis of dates.

import {ruleX, text} from "@observablehq/plot";

const DAY = 86_400_000;
// Short names nearer than this share a place, px.
const NEAR = 11;

/** Upright lines with short names above them; the list of the page says what they stand for. */
export function happenings(marks, at, width) {
  if (marks.length === 0) {
    return [];
  }
  const first = at[0].getTime();
  const days = Math.max(1, (at.at(-1).getTime() - first) / DAY);
  const groups = [];
  for (const mark of [...marks].sort((a, b) => a.day - b.day)) {
    const last = groups.at(-1);
    if (last && ((mark.day - last.at(-1).day) / days) * width < NEAR) {
      last.push(mark);
    } else {
      groups.push([mark]);
    }
  }
  const date = (mark) => new Date(first + mark.day * DAY);
  return [
    ruleX(marks, {x: date, stroke: "var(--soft)", strokeOpacity: 0.7, strokeDasharray: "2 3"}),
    text(groups, {
      x: (group) => new Date((date(group[0]).getTime() + date(group.at(-1)).getTime()) / 2),
      text: (group) => [...new Set(group.map((mark) => mark.key))].join(""),
      frameAnchor: "top",
      dy: -8,
      fill: "var(--soft)",
      fontSize: 10,
      title: (group) => group.map((mark) => `${mark.date}: ${mark.label}`).join("\n"),
    }),
  ];
}
