// The map of the world: each country an outline, projected and simplified for a page.
//
// It is drawn once, here: the page and its picture without scripts colour the same outlines, and neither needs to know of projections.

import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {geoEqualEarth, geoPath} from "d3-geo";
import {geoProject} from "d3-geo-projection";
import countries from "i18n-iso-countries";
import {feature} from "topojson-client";
import {topology} from "topojson-server";
import {filter, filterWeight, presimplify, simplify} from "topojson-simplify";

const require = createRequire(import.meta.url);

// Coordinates are whole tenths of a pixel of a map of this width.
const WIDTH = 9600;
// Triangles and islands of less than this vanish, in square units.
const SMALLEST_BEND = 120;
const SMALLEST_ISLAND = 400;
// A country whose largest piece is smaller than this is hard to see, and gets a marker, in square units.
const SMALL_COUNTRY = 9000;

/** Outline, name and middle of every country, by ISO 3166-1 alpha-2 code; outlines without a code are in `other`. */
export function drawWorld() {
  const atlas = JSON.parse(readFileSync(require.resolve("world-atlas/countries-50m.json"), "utf8"));
  const all = feature(atlas, atlas.objects.countries);
  // Nobody mines in Antarctica, and it would take a fifth of the page.
  all.features = all.features.filter(({id}) => id !== "010");
  const projection = geoEqualEarth().rotate([-11, 0]).fitWidth(WIDTH, all);
  const flat = geoProject(all, projection);
  const whole = presimplify(topology({countries: flat}, 1e5));
  const simple = simplify(whole, SMALLEST_BEND);
  const kept = feature(filter(simple, filterWeight(simple, SMALLEST_ISLAND)), "countries");
  // A country without a piece that is large enough is gone from it.
  const keptByName = new Map(kept.features.map((country) => [country.properties.name, country]));
  const path = geoPath();
  const bottom = Math.ceil(path.bounds(kept)[1][1]);
  const named = {};
  let other = "";
  for (const country of flat.features) {
    const drawn = keptByName.get(country.properties.name);
    const shape = drawn && path.area(drawn) > 0 ? drawn : country;
    const code = country.id && countries.numericToAlpha2(country.id);
    if (!code) {
      other += outline(shape);
      continue;
    }
    const largest = pieces(shape).reduce((a, b) => (path.area(a) >= path.area(b) ? a : b));
    const [x, y] = path.centroid(largest).map(Math.round);
    const entry = {name: country.properties.name, d: outline(shape), x, y};
    if (path.area(largest) < SMALL_COUNTRY) {
      entry.small = true;
    }
    named[code] = named[code] ? {...named[code], d: named[code].d + entry.d} : entry;
  }
  const codes = Object.keys(named).sort();
  return {
    width: WIDTH,
    height: bottom,
    countries: Object.fromEntries(codes.map((code) => [code, named[code]])),
    other,
  };
}

/** The polygons of a country. */
function pieces({geometry}) {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  return polygons.map((coordinates) => ({type: "Polygon", coordinates}));
}

/** An SVG path of whole numbers, each point told by its distance from the one before. */
function outline(shape) {
  let text = "";
  for (const {coordinates} of pieces(shape)) {
    for (const ring of coordinates) {
      let [x, y] = ring[0].map(Math.round);
      const steps = [];
      for (const point of ring.slice(1, -1)) {
        const [nextX, nextY] = point.map(Math.round);
        if (nextX !== x || nextY !== y) {
          steps.push(`${nextX - x} ${nextY - y}`);
          [x, y] = [nextX, nextY];
        }
      }
      if (steps.length > 1) {
        const [startX, startY] = ring[0].map(Math.round);
        text += `M${startX} ${startY}l${steps.join(" ").replaceAll(" -", "-")}z`;
      }
    }
  }
  return text;
}
