// The report as a browser shows it: `node report.mjs FOLDER`, where FOLDER has the results folders named below.
//
// Ends with 0 if all holds, 1 with a line for each thing that does not, 77 where there is no browser or no playwright-core.

import {existsSync, readFileSync} from "node:fs";
import {join, resolve} from "node:path";
import {pathToFileURL} from "node:url";

const MISSING = 77;
const BROWSERS = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const executablePath = BROWSERS.find((path) => path && existsSync(path));
if (!executablePath) {
  console.error("there is no Chromium here (Debian's package is chromium; or set CHROMIUM)");
  process.exit(MISSING);
}
const {chromium} = await import("playwright-core").catch(() => {
  console.error("playwright-core is not here: npm ci --ignore-scripts in tests/browser");
  process.exit(MISSING);
});

const folder = resolve(process.argv[2]);
const failures = [];
let checks = 0;
let where = "";

/** Notes what does not hold. */
function check(holds, what) {
  checks += 1;
  if (!holds) {
    failures.push(`${where}: ${what}`);
  }
}

function equal(found, wanted, what) {
  check(found === wanted, `${what}: ${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
}

// Sandboxes of browsers do not work in most containers; nothing but our own page is opened.
const browser = await chromium.launch({executablePath, args: ["--no-sandbox"]});

/** Opens the page of a results folder, watches what it does, and closes it after `look`. */
async function open(name, options, look) {
  where = `${name}${options.name ? ` (${options.name})` : ""}`;
  const {name: _, ...settings} = options;
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, ...settings});
  const page = await context.newPage();
  const file = pathToFileURL(join(folder, name, "report.html")).href;
  page.on("console", (message) => {
    check(!["error", "warning"].includes(message.type()), `the console says: ${message.text()}`);
  });
  page.on("pageerror", (error) => check(false, `an error in the page: ${error.message}`));
  page.on("request", (request) => {
    const own = request.url() === file || request.url().startsWith("data:") || request.url().startsWith("blob:");
    check(own, `asks for ${request.url().slice(0, 100)}`);
  });
  page.on("dialog", (dialog) => {
    check(false, `a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.goto(file);
  if (settings.javaScriptEnabled !== false) {
    await page.waitForFunction(() => document.documentElement.dataset.drawn === "all", null, {timeout: 60_000});
  }
  await look(page);
  await context.close();
}

/** A table of results: rows as objects. */
function table(name, file) {
  const [head, ...lines] = readFileSync(join(folder, name, file), "utf8").trim().split("\n");
  const columns = head.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((cell, index) => [columns[index], cell])));
}

/** Values of one quantile of a quantity over time, from the tables. */
function series(rows, level, name, metric, quantile) {
  const own = rows.filter(
    (row) => row.level === level && row.name === name && row.metric === metric && +row.quantile === quantile,
  );
  return own.map((row) => (row.value === "" ? null : +row.value));
}

const near = (one, other) =>
  one === null || other === null ? one === other : Math.abs(one - other) <= 1e-5 * Math.max(1e-9, Math.abs(other));

const data = (page) => page.evaluate(() => JSON.parse(document.getElementById("data").textContent));

/** Every figure is drawn, each chart with what it is to have. */
async function everythingIsDrawn(page) {
  const {figures} = await data(page);
  check(figures.length > 0, "there are figures");
  for (const figure of figures) {
    if (!["panels", "stack"].includes(figure.kind)) {
      continue;
    }
    const charts = await page.$$eval(`#figure-${figure.id} .live .panel`, (panels) =>
      panels.map((panel) => ({
        title: panel.querySelector("h4").textContent,
        areas: [...panel.querySelectorAll('[aria-label="area"] path')].map((path) => path.getAttribute("d")),
        lines: [...panel.querySelectorAll('[aria-label="line"] path')].map((path) => path.getAttribute("d")),
        dots: panel.querySelectorAll('[aria-label="dot"] circle').length,
        // What is drawn outside its chart, but what is cut off there.
        outside: [...panel.querySelectorAll('[aria-label="area"], [aria-label="line"], [aria-label="rule"]')].filter((mark) => {
          const [own, room] = [mark.getBoundingClientRect(), panel.getBoundingClientRect()];
          const clipped = mark.hasAttribute("clip-path") || mark.closest("[clip-path]");
          return !clipped && (own.top < room.top - 2 || own.bottom > room.bottom + 2 || own.right > room.right + 2);
        }).length,
        ticks: [...panel.querySelectorAll('[aria-label$="axis tick label"]')].map((axis) =>
          [...axis.querySelectorAll("text")].map((text) => {
            const {left, right, top, bottom} = text.getBoundingClientRect();
            return {left, right, top, bottom, text: text.textContent};
          }),
        ),
      })),
    );
    equal(charts.length, figure.panels.length, `charts of ${figure.id}`);
    charts.forEach((chart, index) => {
      const panel = figure.panels[index];
      const called = `${figure.id}, ${panel.title}`;
      check(chart.title.includes(panel.title), `${called}: its title is ${chart.title}`);
      equal(chart.outside, 0, `${called}: marks outside the chart`);
      if (figure.kind === "stack") {
        equal(chart.areas.length, panel.layers.length, `${called}: layers`);
      } else {
        const count = (kind) => panel.series.filter((one) => one.is === kind).length;
        const replicas = panel.series.filter((one) => one.is === "replicas").flatMap((one) => one.lines).length;
        // Of a single place there is no band and no line, but a point.
        const places = (values) => (figure.joined ? values.filter((value) => value !== null) : values).length;
        const single = panel.series.filter((one) => one.is === "fan" && places(one.quantiles[2]) === 1).length;
        equal(chart.areas.length, 2 * (count("fan") - single), `${called}: bands`);
        equal(chart.lines.length, count("fan") - single + count("line") + replicas, `${called}: lines`);
        const points = panel.series.filter((one) => one.is === "points");
        const seen = points.flatMap((one) => one.values).filter((value) => value !== null);
        equal(chart.dots, seen.length + single, `${called}: points`);
      }
      for (const path of [...chart.areas, ...chart.lines]) {
        check(path !== null && !path.includes("NaN"), `${called}: a path is ${path?.slice(0, 40)}`);
      }
      for (const ticks of chart.ticks) {
        check(ticks.length >= 1, `${called}: an axis has ${ticks.length} labels`);
        ticks.forEach((tick, at) => {
          const next = ticks[at + 1];
          const apart =
            !next || tick.right <= next.left || next.right <= tick.left || tick.bottom <= next.top + 1 || next.bottom <= tick.top + 1;
          check(apart, `${called}: the labels ${tick.text} and ${next?.text} overlap`);
        });
      }
    });
  }
}

/** Nothing is wider than the window, but what scrolls by itself. */
async function fitsTheWindow(page) {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  check(wide <= room, `the page is ${wide} wide in a window of ${room}`);
}

async function runPage(name) {
  const rows = table(name, "quantiles.csv");
  const regions = [...new Set(rows.filter((row) => row.level === "region" && row.name !== "all").map((row) => row.name))];
  const dates = [...new Set(rows.map((row) => row.date))];

  await open(name, {name: "desktop"}, async (page) => {
    await everythingIsDrawn(page);
    await fitsTheWindow(page);
    const {figures, shares} = await data(page);

    // Numbers of the page are those of the tables.
    equal(shares.x.at.join(), dates.join(), "dates of the map");
    shares.regions.forEach((region, r) => {
      equal(region.id, regions[r], "a region of the map");
      [0.05, 0.25, 0.5, 0.75, 0.95].forEach((quantile, index) => {
        const wanted = series(rows, "region", region.id, "share", quantile);
        equal(region.quantiles[index].length, dates.length, `days of ${region.id}`);
        const same = region.quantiles[index].every((value, at) => near(value, wanted[at] === null ? null : 100 * wanted[at]));
        check(same, `shares of ${region.id} at ${quantile} are those of quantiles.csv`);
      });
    });
    const fans = [
      ["network-charts", "Hashprice", "network", "all", "hashprice", 1],
      ["network-charts", "Difficulty", "network", "all", "difficulty", 1e-12],
      ["hhi", "Regions: HHI", "region", "all", "hhi_10000", 1],
      ["power", shares.regions[0].name, "region", regions[0], "delivered_power_price", 1],
    ];
    for (const [id, title, level, of, metric, factor] of fans) {
      const panel = figures.find((figure) => figure.id === id).panels.find((one) => one.title === title);
      const fan = panel.series.find((one) => one.is === "fan");
      [0.05, 0.25, 0.5, 0.75, 0.95].forEach((quantile, index) => {
        const wanted = series(rows, level, of, metric, quantile).map((value) => (value === null ? null : factor * value));
        check(fan.quantiles[index].every((value, at) => near(value, wanted[at])), `${id}, ${title}, at ${quantile}`);
      });
    }
    const counts = table(name, "nakamoto.csv").filter(
      (row) => row.level === "region" && row.metric === "nakamoto_half" && row.date === dates.at(-1),
    );
    const stack = figures.find((figure) => figure.id === "nakamoto").panels[0];
    const sum = stack.layers.reduce((total, layer) => total + layer.values.at(-1), 0);
    check(near(sum, 100), `Nakamoto coefficients add up to ${sum} %`);
    const first = counts.find((row) => row.value === stack.layers[0].name);
    check(first !== undefined, "the first layer is one value");
    check(near(stack.layers[0].values.at(-1), 100 * +first?.share), "the first layer is the first value's share");
    const firstCard = await page.$$eval("#card-shares tbody tr", (lines) =>
      lines.map((line) => [...line.children].map((cell) => cell.textContent)),
    );
    regions.forEach((region, r) => {
      const shown = (at, quantile) => (100 * series(rows, "region", region, "share", quantile).at(at)).toFixed(1);
      const wanted = [shown(0, 0.5), shown(-1, 0.5), `${shown(-1, 0.05)} – ${shown(-1, 0.95)}`];
      equal(firstCard[r].slice(1).join("|"), wanted.join("|"), `the card of shares, ${region}`);
    });

    // The slider moves the map, the bars and the date.
    const look = () =>
      page.evaluate(() => ({
        date: document.querySelector("#map output").textContent,
        fills: [...document.querySelectorAll("#map .country path")].map((path) => getComputedStyle(path).fill),
        bars: [...document.querySelectorAll("#map .bars li")].map((bar) => [+bar.dataset.region, bar.querySelector(".value").textContent]),
      }));
    await page.waitForTimeout(300);
    const end = await look();
    equal(end.date, dates.at(-1), "the map begins with the last date");
    await page.focus("#map input");
    await page.keyboard.press("Home");
    await page.waitForTimeout(300);
    const start = await look();
    equal(start.date, dates[0], "the first date");
    check(start.fills.length > 0 && start.fills.join() !== end.fills.join(), "countries change their colours");
    for (const [r, text] of start.bars) {
      const share = 100 * series(rows, "region", regions[r], "share", 0.5)[0];
      check(text.startsWith(`${share.toFixed(1)} %`), `the bar of ${regions[r]} says ${text}, not ${share}`);
    }
    await page.click("#map .play");
    await page.waitForFunction((date) => document.querySelector("#map output").textContent !== date, dates[0]);
    await page.click("#map .play");
    const stopped = (await look()).date;
    await page.waitForTimeout(600);
    equal((await look()).date, stopped, "a stopped play stays where it is");

    // Hovering and the arrow keys tell values with units.
    const chart = page.locator("#figure-network-charts .panel svg").nth(1);
    await chart.scrollIntoViewIfNeeded();
    // What comes into view is laid out, which moves what is below it.
    await page.waitForTimeout(300);
    await chart.scrollIntoViewIfNeeded();
    const box = await chart.boundingBox();
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.5);
    const tip = await chart.locator('[aria-label="tip"] text').first().textContent();
    check(/USD\/PH\/day/.test(tip) && /nine tenths/.test(tip) && /\d{4}-\d{2}-\d{2}/.test(tip), `the tip says ${tip}`);
    await chart.focus();
    await page.keyboard.press("End");
    const voice = await page.locator("#figure-network-charts .panel .voice").nth(1).textContent();
    const last = series(rows, "network", "all", "hashprice", 0.5).at(-1).toFixed(1);
    check(voice.startsWith("Hashprice") && voice.includes(`${dates.at(-1)}, ${last} USD/PH/day`), `the last value is spoken: ${voice}`);

    // Tables and downloads have every date.
    await page.click("#figure-shares details.table summary");
    await page.click("#figure-shares details.table button");
    const lines = await page.$$eval("#figure-shares details.table table", (tables) => tables.map((one) => one.tBodies[0].rows.length));
    equal(lines.join(), regions.map(() => dates.length).join(), "rows of the whole tables");
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#figure-shares .tools button")]);
    const saved = readFileSync(await download.path(), "utf8").trim().split("\n");
    const replicas = figures.find((figure) => figure.id === "shares").panels[0].series.find((one) => one.is === "replicas");
    const columns = 5 + (replicas?.lines.length ?? 0);
    equal(saved.length, 1 + regions.length * columns * dates.length, "lines of the download");
    equal(saved[0], "chart,unit,series,date,value", "the head of the download");

    // Light and dark.
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    await page.selectOption("#theme", "dark");
    check((await paper()) !== light, "dark is not light");
  });

  await open(name, {name: "phone", viewport: {width: 390, height: 844}, deviceScaleFactor: 3, isMobile: true}, async (page) => {
    await everythingIsDrawn(page);
    await fitsTheWindow(page);
  });

  await open(name, {name: "print"}, async (page) => {
    await page.emulateMedia({media: "print"});
    const seen = await page.$$eval(".controls button, .controls input, .tools, #theme", (all) =>
      all.filter((one) => one.getClientRects().length > 0).length,
    );
    equal(seen, 0, "buttons on paper");
    const [charts, printed] = await page.$$eval(".panel svg", (all) => [all.length, all.filter((one) => one.getBoundingClientRect().width > 60).length]);
    equal(printed, charts, "charts on paper");
    const pdf = await page.pdf({format: "A4", preferCSSPageSize: true});
    check(pdf.length > 20_000, "it can be printed");
  });

  await withoutScripts(name);
}

/** Without scripts every figure has its picture and its table, and nothing that only a script could move. */
async function withoutScripts(name) {
  await open(name, {name: "no scripts", javaScriptEnabled: false}, async (page) => {
    const figures = await page.locator("figure.chart:not(.heat)").count();
    check(figures > 0, "there are figures");
    const pictures = page.locator("figure.chart .still svg");
    equal(await pictures.count(), figures, "pictures");
    for (let index = 0; index < figures; index += 1) {
      check(await pictures.nth(index).isVisible(), `picture ${index} is seen`);
      // More than a frame: areas, layers, cells or points in colour.
      const shown = pictures.nth(index).locator('polygon, circle, rect:not(:first-child), polyline[stroke-width="14"]');
      check((await shown.count()) > 0, `picture ${index} shows something`);
    }
    equal(await page.locator("figure.chart:not(.heat) details.table table").count(), figures, "tables");
    const moving = page.locator(".needs-script");
    for (let index = 0; index < (await moving.count()); index += 1) {
      check(!(await moving.nth(index).isVisible()), "nothing is offered that does not work");
    }
  });
}

/** Names from a scenario are text, whatever is in them. */
async function hostilePage(name) {
  await open(name, {name: "hostile names"}, async (page) => {
    equal(await page.textContent("h1"), "<script>alert(1)</script>", "the name of the scenario");
    const shown = await page.$$eval("#map .bars .name", (names) => names.map((one) => one.firstChild.textContent));
    check(shown.includes("</script><img src=x onerror=alert(1)>"), `the name of a region: ${shown}`);
    equal(await page.locator("img").count(), 0, "images");
    equal(await page.locator("script").count(), 2, "scripts");
    await everythingIsDrawn(page);
  });
  await withoutScripts(name);
}

/** A page of charts without a map. */
async function chartPage(name) {
  await open(name, {name: "desktop"}, async (page) => {
    await everythingIsDrawn(page);
    await fitsTheWindow(page);
  });
  await open(name, {name: "phone", viewport: {width: 390, height: 844}, deviceScaleFactor: 3, isMobile: true}, async (page) => {
    await everythingIsDrawn(page);
    await fitsTheWindow(page);
  });
  await withoutScripts(name);
}

async function stressPage(name) {
  await chartPage(name);
  const paths = table(name, "paths.csv");
  await open(name, {name: "numbers"}, async (page) => {
    const {figures} = await data(page);
    const ratio = figures.find((figure) => figure.id === "ratio");
    check(ratio.panels.length > 0, "there are cases");
    for (const panel of ratio.panels) {
      const own = new Map(
        paths.filter((row) => row.case === panel.title && row.measure === "hash_ratio").map((row) => [+row.day, +row.p50]),
      );
      const same = ratio.x.at.every((day, index) => near(panel.series[0].quantiles[2][index], 100 * own.get(day)));
      check(same, `the path of ${panel.title} is that of paths.csv`);
    }
    await noEmptyColumn(page);
    const atOnce = table(name, "region-loss.csv")[0];
    const row = await page.$$eval("#figure-at-once tbody tr:first-child > *", (cells) => cells.map((cell) => cell.textContent));
    equal(row[3], (+atOnce.days_to_retarget).toFixed(1), "days to the retarget");
  });
}

/** No column of a table is empty but for its head. */
async function noEmptyColumn(page) {
  const empty = await page.$$eval(".card table, table.heat", (tables) =>
    tables.flatMap((one) => {
      const heads = [...one.tHead.rows[0].cells].map((cell) => cell.textContent);
      const rows = [...one.tBodies[0].rows];
      return heads.filter((_, column) => rows.every((row) => ["", "–"].includes(row.cells[column].textContent)));
    }),
  );
  equal(empty.join(), "", "empty columns");
}

async function backtestPage(name) {
  await chartPage(name);
  const values = table(name, "values.csv").filter((row) => row.kind === "point" && row.metric === "hash-rate");
  await open(name, {name: "numbers"}, async (page) => {
    const {figures} = await data(page);
    const figure = figures.find((one) => one.id === "measured-hash-rate");
    equal([...new Set(figure.x.at)].join(), [...new Set(values.map((row) => row.date))].sort().join(), "dates of hash rate");
    const points = figure.panels[0].series.find((one) => one.is === "points");
    values.forEach((row, index) => {
      check(near(points.values[index], +row.observed), `measured on ${row.date}`);
      check(near(points.low[index], +row.observed_low), `the lower end of ${row.date}`);
    });
  });
}

/** Trajectories: both on one axis in logs, named where they end, with the numbers of the tables. */
async function trajectoriesPage(name) {
  await chartPage(name);
  const paths = table(name, "paths.csv");
  const answers = table(name, "trajectories.csv");
  const levels = table(name, "dependence.csv");
  await open(name, {name: "numbers"}, async (page) => {
    const {figures} = await data(page);
    const series = ["mining-past", "mining", "ai"];
    for (const [id, metric, factor] of [["hhi", "hhi", 1e4], ["nakamoto", "nakamoto_half", 1]]) {
      const figure = figures.find((one) => one.id === id);
      const [panel] = figure.panels;
      equal(panel.series.length, series.length, `trajectories of ${id}`);
      panel.series.forEach((fan, index) => {
        const own = paths.filter((row) => row.series === series[index] && row.metric === metric);
        check(own.length > 1, `there is a path of ${series[index]}`);
        ["p05", "p25", "p50", "p75", "p95"].forEach((column, quantile) => {
          const wanted = new Map(own.map((row) => [row.date, factor * +row[column]]));
          const same = figure.x.at.every((date, at) => near(fan.quantiles[quantile][at], wanted.get(date) ?? null));
          check(same, `${series[index]} of ${id} at ${column} is that of paths.csv`);
        });
      });
      // In logs: each label is as far from the next as their ratio says.
      const labels = await page.$$eval(`#figure-${id} .live [aria-label="y-axis tick label"] text`, (all) =>
        all.map((text) => ({value: +text.textContent.replaceAll(",", ""), top: text.getBoundingClientRect().top})),
      );
      check(labels.length >= 2, `${id} has ${labels.length} labels`);
      const [one, two] = [labels[0], labels.at(-1)];
      const perLog = (one.top - two.top) / Math.log(two.value / one.value);
      for (const label of labels) {
        const off = Math.abs(one.top - label.top - perLog * Math.log(label.value / one.value));
        check(off < 1.5, `the label ${label.value} of ${id} is ${off} px off its place in logs`);
      }
      // Named where they end, inside the chart and apart.
      const names = await page.$$eval(`#figure-${id} .live [aria-label="text"] text`, (all) =>
        all.map((text) => ({text: text.textContent, box: text.getBoundingClientRect().toJSON()})),
      );
      for (const wanted of ["mining, past", "mining, ahead", "AI"]) {
        check(names.some((one) => one.text === wanted), `${id} names ${wanted}`);
      }
      const [ahead, ai] = ["mining, ahead", "AI"].map((wanted) => names.find((one) => one.text === wanted).box);
      const apart = ahead.bottom <= ai.top + 1 || ai.bottom <= ahead.top + 1 || ahead.right <= ai.left || ai.right <= ahead.left;
      check(apart, `the names of ${id} overlap`);
    }
    const claim = answers.find((row) => row.metric === "hhi" && row.scope === "ahead" && row.measure === "claim");
    const first = await page.textContent(".headline li:first-child");
    check(first.includes(`${(100 * +claim.value).toFixed(1)} %`), `the claim is said: ${first}`);
    const cell = await page.textContent("#card-answers tbody tr:nth-child(2) td");
    check(cell.startsWith((100 * +claim.value).toFixed(1)), `the claim in the table: ${cell}`);
    const axes = new Set(levels.map((row) => `${row.axis} ${row.level}`));
    equal(await page.locator("#figure-dependence-table tbody tr").count(), axes.size, "levels");
    await noEmptyColumn(page);
  });
}

/** A page of a sweep: cells, curves or points of the metric that is chosen, and the line where it has a value. */
async function sweepPage(name) {
  const rows = table(name, "results.csv");
  await open(name, {name: "desktop"}, async (page) => {
    await fitsTheWindow(page);
    const {figures} = await data(page);
    const [figure] = figures;
    const live = page.locator("#figure-surface > .live");
    const drawn = () =>
      live.evaluate((one) => ({
        title: [...one.querySelectorAll("h4")].map((head) => head.textContent).join(),
        cells: one.querySelectorAll('[aria-label="rect"] rect').length,
        dots: one.querySelectorAll('[aria-label="dot"] circle').length,
        lines: [...one.querySelectorAll('[aria-label="link"] path')].map((path) => path.getAttribute("d")).join(),
      }));
    const metric = figure.metrics[0];
    const known = metric.mean.filter((mean) => mean !== null).length;
    const cells = figure.axes.length > 1 && figure.axes.every((axis) => axis.levels.length > 0);
    const first = await drawn();
    if (cells) {
      equal(first.cells, known, "cells");
      check(first.lines.length > 0, "there is a tipping line");
    } else {
      equal(first.dots, known * figure.axes.length, "points");
    }
    // Means are those of the tables.
    const [level, of, quantity] = metric.label.split("/");
    const own = rows.filter((row) => row.level === level && row.name === of && row.metric === quantity && row.date === metric.date);
    equal(own.length, known, `rows of ${metric.label}`);
    const factor = metric.unit === "%" ? 100 : 1;
    for (const row of own) {
      check(near(metric.mean[+row.point], factor * +row.mean), `the mean of point ${row.point}`);
      check(near(metric.quantiles[4][+row.point], factor * +row.p95), `the upper end of point ${row.point}`);
    }
    // Another metric, another value.
    const other = figure.metrics.find((one) => one.label !== metric.label).label;
    await live.locator("select").first().selectOption(other);
    check((await drawn()).title.includes(other), `${other} is shown once it is chosen`);
    await live.locator("select").first().selectOption(metric.label);
    if (cells) {
      const before = (await drawn()).lines;
      const input = live.locator("input[type=number]");
      await input.fill(String(+(await input.inputValue()) * 0.8));
      await input.press("Enter");
      check((await drawn()).lines !== before, "another value has another line");
    }
    await page.click("#figure-surface details.table summary");
    await page.click("#figure-surface details.table button");
    const lines = await page.$$eval("#figure-surface details.table table tbody tr", (all) => all.length);
    equal(lines, metric.mean.length, "rows of the whole table");
  });
  await open(name, {name: "phone", viewport: {width: 390, height: 844}, deviceScaleFactor: 3, isMobile: true}, fitsTheWindow);
  await withoutScripts(name);
}

const PAGES = {run: runPage, replicas: runPage, hostile: hostilePage, stress: stressPage, backtest: backtestPage, trajectories: trajectoriesPage, day: chartPage, wild: chartPage, cuts: backtestPage, grid: sweepPage, cube: sweepPage, line: sweepPage};
for (const [name, look] of Object.entries(PAGES)) {
  if (existsSync(join(folder, name, "report.html"))) {
    await look(name);
  } else {
    check(false, `${name}/report.html is not there`);
  }
}
await browser.close();
for (const failure of failures.slice(0, 40)) {
  console.error(failure);
}
console.log(`${checks} checks, ${failures.length} of them failed`);
process.exit(failures.length > 0 ? 1 : 0);
