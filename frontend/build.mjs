// Copies and bundles what the pages load into portal/static/vendor, with a manifest and the licences.
// `node build.mjs` writes; `node build.mjs --check` fails when the committed files differ.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "portal", "static", "vendor");

// asset: the name that templates ask for; from: a file to copy, or entry: one of ours to bundle.
const ASSETS = [
  { asset: "tabler.css", package: "@tabler/core", from: "dist/css/tabler.min.css" },
  { asset: "tabler-theme.js", package: "@tabler/core", from: "dist/js/tabler-theme.min.js" },
  { asset: "htmx.js", package: "htmx.org", from: "dist/htmx.min.js" },
  { asset: "swagger-ui.css", package: "swagger-ui-dist", from: "swagger-ui.css" },
  { asset: "swagger-ui.js", package: "swagger-ui-dist", from: "swagger-ui-bundle.js" },
  { asset: "echarts.js", package: "echarts", entry: "echarts.js", includes: ["zrender", "tslib"] },
];
// Licences of what a package has bundled into the file we copy.
const BUNDLED_LICENCES = new Set(["swagger-ui-bundle.js.LICENSE.txt"]);

const packageFolder = (name) => join(here, "node_modules", name);
const packageFacts = async (name) => JSON.parse(await readFile(join(packageFolder(name), "package.json"), "utf8"));
// Source maps are not shipped, so the comments that point at them would only make 404s.
const withoutSourceMap = (text) => text.replace(/\n?(\/\/[#@]|\/\*[#@]) sourceMappingURL=[^\n]*\n?/g, "\n");

async function content({ package: name, from, entry }) {
  if (from) return withoutSourceMap(await readFile(join(packageFolder(name), from), "utf8"));
  const result = await build({
    entryPoints: [join(here, entry)],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2020",
    legalComments: "none",
    define: { "process.env.NODE_ENV": '"production"' },
    write: false,
  });
  return result.outputFiles[0].text;
}

// What a package says about its licence: its own files, else the text we keep for it. None at all is an error.
async function licenceTexts(names) {
  const found = new Map();
  for (const name of names) {
    const { version } = await packageFacts(name);
    const plain = name.replace("@", "").replace("/", "-");
    const files = await readdir(packageFolder(name), { withFileTypes: true });
    const own = files
      .filter((file) => file.isFile() && (/^(licen[cs]e|notice)/i.test(file.name) || BUNDLED_LICENCES.has(file.name)))
      .map((file) => file.name);
    for (const file of own.sort()) {
      const target = `LICENSES/${plain}-${version}-${file.replace(/\.(md|txt)$/, "")}.txt`;
      found.set(target, await readFile(join(packageFolder(name), file), "utf8"));
    }
    if (own.length === 0) {
      found.set(`LICENSES/${plain}-${version}-LICENSE.txt`, await readFile(join(here, "licences", `${plain}.txt`), "utf8"));
    }
  }
  return found;
}

async function everything() {
  const files = new Map();
  const manifest = [];
  for (const asset of ASSETS) {
    const { version, license } = await packageFacts(asset.package);
    const text = await content(asset);
    const [, stem, kind] = asset.asset.match(/^(.*)\.(css|js)$/);
    const file = `${stem}-${version}.min.${kind}`;
    files.set(file, text);
    manifest.push({
      asset: asset.asset,
      file,
      package: asset.package,
      version,
      licence: license,
      sha256: createHash("sha256").update(text).digest("hex"),
    });
  }
  const names = new Set(ASSETS.flatMap((asset) => [asset.package, ...(asset.includes ?? [])]));
  for (const [file, text] of await licenceTexts(names)) files.set(file, text);
  files.set("vendor.json", JSON.stringify(manifest, null, 2) + "\n");
  return files;
}

const present = async () =>
  (await readdir(out, { recursive: true, withFileTypes: true }).catch(() => []))
    .filter((found) => found.isFile())
    .map((found) => join(found.parentPath, found.name).slice(out.length + 1).replaceAll("\\", "/"));

const wanted = await everything();
if (process.argv.includes("--check")) {
  const wrong = [];
  for (const [file, text] of wanted) {
    const committed = await readFile(join(out, file), "utf8").catch(() => null);
    if (committed !== text) wrong.push(committed === null ? `${file} is missing` : `${file} differs`);
  }
  for (const file of await present()) if (!wanted.has(file)) wrong.push(`${file} is not built from here`);
  if (wrong.length) {
    console.error(`portal/static/vendor is not what frontend/ builds; run: npm ci && npm run build\n${wrong.join("\n")}`);
    process.exit(1);
  }
  console.log(`${wanted.size} vendored files are as built`);
} else {
  await rm(out, { recursive: true, force: true });
  for (const [file, text] of wanted) {
    await mkdir(dirname(join(out, file)), { recursive: true });
    await writeFile(join(out, file), text);
  }
  console.log(`wrote ${wanted.size} files to portal/static/vendor`);
}
