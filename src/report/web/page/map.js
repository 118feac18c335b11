// The map and the bars beside it, at any date.

import {number} from "./numbers.js";

// Time that a play of the whole run takes, ms.
const PLAY = 8000;

export function moveMap(section, shares) {
  const slider = section.querySelector("input[type=range]");
  const button = section.querySelector("button.play");
  const label = section.querySelector("output");
  const countries = [...section.querySelectorAll(".country")];
  const bars = [...section.querySelectorAll(".bars li")];
  const dates = shares.x.at;
  const last = dates.length - 1;

  const show = (index) => {
    slider.value = index;
    slider.setAttribute("aria-valuetext", dates[index]);
    label.textContent = dates[index];
    for (const country of countries) {
      const share = middle(country.dataset.region, index);
      country.style.setProperty("--p", `${(100 * Math.sqrt(Math.max(0, (share ?? 0) / shares.most))).toFixed(1)}%`);
      country.classList.toggle("none", share === null);
      country.querySelector("title").textContent = `${country.dataset.name}: ${share === null ? "no share" : `${number(share, 1)} %`}`;
    }
    for (const bar of bars) {
      const [low, , share, , high] = shares.regions[bar.dataset.region].quantiles.map((values) => values[index]);
      bar.style.setProperty("--length", `${((100 * (share ?? 0)) / shares.most).toFixed(1)}%`);
      bar.querySelector(".value").textContent =
        share === null ? "–" : `${number(share, 1)} % [${number(low, 1)}, ${number(high, 1)}]`;
    }
  };
  const middle = (region, index) => shares.regions[region].quantiles[2][index];

  slider.max = last;
  slider.disabled = false;
  button.disabled = last === 0;
  show(last);

  let playing = null;
  const stop = () => {
    cancelAnimationFrame(playing);
    playing = null;
    button.textContent = "Play";
    button.setAttribute("aria-pressed", "false");
  };
  slider.addEventListener("input", () => {
    stop();
    show(+slider.value);
  });
  button.addEventListener("click", () => {
    if (playing !== null) {
      stop();
      return;
    }
    const from = +slider.value >= last ? 0 : +slider.value;
    button.textContent = "Stop";
    button.setAttribute("aria-pressed", "true");
    let begun = null;
    const step = (now) => {
      begun ??= now;
      const index = Math.min(last, from + Math.floor(((now - begun) / PLAY) * (last + 1)));
      if (index !== +slider.value) {
        show(index);
      }
      if (index < last) {
        playing = requestAnimationFrame(step);
      } else {
        stop();
      }
    };
    playing = requestAnimationFrame(step);
  });
}
