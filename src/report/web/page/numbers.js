// Numbers and dates as people read them.

const formats = new Map();

/** A number with so many decimals, or a dash where it is not defined. */
export function number(value, decimals) {
  if (value === null || value === undefined) {
    return "–";
  }
  if (!formats.has(decimals)) {
    formats.set(
      decimals,
      new Intl.NumberFormat("en-US", {minimumFractionDigits: decimals, maximumFractionDigits: decimals}),
    );
  }
  return formats.get(decimals).format(value).replace("-", "−");
}

/** Places of a horizontal axis: dates, or numbers. */
export function places(x) {
  return x.is === "dates" ? x.at.map((date) => new Date(`${date}T00:00:00Z`)) : x.at;
}

/** What a place is called. */
export function placeName(x, index) {
  return x.is === "dates" ? x.at[index] : number(x.at[index], 2).replace(/\.?0+$/, "");
}

/** A short number for an axis. */
export function tick(value) {
  const size = Math.abs(value);
  if (size >= 1e6) {
    return `${+(value / 1e6).toPrecision(3)} M`;
  }
  return value.toLocaleString("en-US", {maximumFractionDigits: size < 10 ? 2 : 0}).replace("-", "−");
}
