// What the page does in a browser: draws its figures so that they can be asked, moves the map, unfolds tables.
//
// Without it the page is whole: still pictures, short tables. With it, each still picture gives way to a drawing.

import {drawPanels} from "./panels.js";
import {drawStack} from "./stack.js";
import {drawSurface} from "./surface.js";
import {moveMap} from "./map.js";
import {unfoldTable} from "./table.js";
import {offerDownload, offerTable} from "./download.js";
import {chooseTheme} from "./theme.js";
import {printWhole} from "./paper.js";

const DRAW = {panels: drawPanels, stack: drawStack, surface: drawSurface};

// Still pictures are not shown, but those of figures that could not be drawn.
document.documentElement.classList.add("scripted");
addEventListener("DOMContentLoaded", () => {
  try {
    start();
  } catch (error) {
    document.documentElement.classList.remove("scripted");
    throw error;
  }
});

function start() {
  const data = JSON.parse(document.getElementById("data").textContent);
  chooseTheme(document.getElementById("theme"));
  if (data.shares) {
    moveMap(document.getElementById("map"), data.shares);
  }
  printWhole();
  document.querySelectorAll("figure.heat").forEach(offerTable);
  const waiting = data.figures.map((figure) => ({figure, element: document.getElementById(`figure-${figure.id}`)}));
  for (const {figure, element} of waiting) {
    unfoldTable(element, figure);
    offerDownload(element, figure);
  }
  // One figure after another, so that the page answers while they are drawn.
  const next = () => {
    const one = waiting.shift();
    if (one) {
      try {
        show(one.element, one.figure, one.figure.ordered ? data.ordered : data.layers);
      } catch (error) {
        console.error(error);
        one.element.classList.add("failed");
      }
      setTimeout(next);
    } else {
      document.documentElement.dataset.drawn = "all";
    }
  };
  next();
}

/** Draws a figure, and draws it again when its width changes. */
function show(element, figure, layers) {
  const live = element.querySelector(".live");
  let width = 0;
  const draw = () => {
    const room = Math.floor(element.clientWidth);
    // Nothing is drawn into what is not seen; on paper the drawing of the screen is scaled.
    if (room > 0 && room !== width && !matchMedia("print").matches) {
      width = room;
      DRAW[figure.kind](live, figure, {width, layers});
    }
  };
  draw();
  new ResizeObserver(draw).observe(element);
}
