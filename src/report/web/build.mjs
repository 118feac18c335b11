// Builds what the report embeds: dist/report.js with its digest, dist/world.json and dist/licences.txt.
//
// The same lock file gives the same bytes: `npm ci --ignore-scripts && npm run build`.

import {createHash} from "node:crypto";
import {mkdirSync, readFileSync, writeFileSync} from "node:fs";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";
import {build} from "esbuild";
import {drawWorld} from "./world.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
mkdirSync(dist, {recursive: true});

const bundled = await build({
  absWorkingDir: here,
  entryPoints: ["page/main.js"],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2020",
  charset: "utf8",
  legalComments: "none",
  metafile: true,
  outfile: "dist/report.js",
});

// By its digest the page lets this script run, and no other.
const script = readFileSync(join(dist, "report.js"), "utf8");
const digest = createHash("sha256").update(script).digest("base64");
writeFileSync(join(dist, "report.js.sha256"), `sha256-${digest}\n`);
writeFileSync(join(dist, "world.json"), JSON.stringify(drawWorld()) + "\n");
writeFileSync(join(dist, "licences.txt"), licences([...packagesOf(bundled.metafile), "world-atlas"]));

/** Packages with code in the bundle. */
function packagesOf(metafile) {
  const used = Object.entries(Object.values(metafile.outputs)[0].inputs)
    .filter(([, input]) => input.bytesInOutput > 0)
    .map(([path]) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1]);
  return [...new Set(used.filter(Boolean))].sort();
}

/** The licence of each package as it came with it. */
function licences(packages) {
  const parts = packages.map((name) => {
    const folder = join(here, "node_modules", name);
    const {version} = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const text = ["LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE"]
      .map((file) => {
        try {
          return readFileSync(join(folder, file), "utf8").trim();
        } catch {
          return null;
        }
      })
      .find((text) => text !== null);
    if (text === undefined) {
      throw new Error(`${name} has no licence file`);
    }
    return `${name} ${version}\n\n${text}\n`;
  });
  parts.push(
    "Country outlines: Natural Earth (naturalearthdata.com), public domain, as packed by world-atlas.\n",
  );
  return parts.join(`\n${"-".repeat(80)}\n\n`);
}
