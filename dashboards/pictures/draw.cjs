// node draw.cjs SCENE.json PICTURE.png BROWSER: bundle the page, show it the scene, keep what it looks like.
// Standard output: {"texts", "complaints", "remarks"}, said by the page. Everything the page asks for is answered from
// the disk; the browser reaches no network. NODE_PATH says where the packages are.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const esbuild = require('esbuild');
const { chromium } = require('playwright-core');

const ORIGIN = 'http://pictures.invalid/';
const GRAFANA_FILES = path.join(path.dirname(require.resolve('@grafana/ui/package.json')), 'dist');
const PAGE = `<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="page.css"><div id="board"></div>
<script src="scene.js"></script><script src="page.js"></script>`;
const MOST_MILLISECONDS = 60_000;

async function bundle() {
  const made = await esbuild.build({
    entryPoints: [path.join(__dirname, 'page', 'page.jsx')],
    bundle: true,
    write: false,
    outdir: '/',
    logLevel: 'error',
    // The fonts are parts of the style sheet; what else Grafana's styles point to (a file editor's images) is not used.
    loader: { '.woff': 'empty', '.woff2': 'dataurl', '.svg': 'empty', '.png': 'empty', '.ttf': 'empty' },
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"', 'process.env': '{}', global: 'globalThis' },
    // Grafana's .mjs files import CommonJS packages (the table's list) in a way that only its own bundler understands.
    alias: Object.fromEntries(['@grafana/data', '@grafana/ui'].map((name) => [name, require.resolve(name)])),
    nodePaths: [process.env.NODE_PATH],
  });
  return Object.fromEntries(made.outputFiles.map((file) => [path.basename(file.path), file.text]));
}

async function answer(route, own) {
  const name = decodeURIComponent(new URL(route.request().url()).pathname).slice(1);
  if (name in own) {
    const contentType = { js: 'text/javascript', css: 'text/css' }[name.split('.').at(-1)] ?? 'text/html';
    return route.fulfill({ body: own[name], contentType: `${contentType}; charset=utf-8` });
  }
  const file = path.join(GRAFANA_FILES, name);
  return name.startsWith('public/') && fs.existsSync(file) ? route.fulfill({ path: file }) : route.abort();
}

async function main([scenePath, picturePath, executablePath]) {
  const scene = fs.readFileSync(scenePath, 'utf8');
  const own = { '': PAGE, 'scene.js': `window.scene = ${scene};`, ...(await bundle()) };
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--font-render-hinting=none'],
  });
  try {
    const page = await browser.newPage({
      viewport: { width: JSON.parse(scene).width, height: 900 },
      reducedMotion: 'reduce',
      timezoneId: 'UTC',
      locale: 'en-GB',
    });
    const faults = [];
    page.on('pageerror', (error) => faults.push(error.stack ?? String(error)));
    await page.route('**/*', (route) => answer(route, own));
    await page.goto(ORIGIN);
    await Promise.race([
      page.waitForFunction(() => window.report !== undefined, undefined, { timeout: MOST_MILLISECONDS }),
      page.waitForEvent('pageerror', { timeout: MOST_MILLISECONDS }).then((error) => {
        throw error;
      }),
    ]);
    await page.waitForLoadState('networkidle'); // icons come one by one
    const report = await page.evaluate(() => window.report);
    await page.locator('#board').screenshot({ path: picturePath, animations: 'disabled' });
    process.stdout.write(JSON.stringify({ ...report, complaints: [...report.complaints, ...faults] }));
  } finally {
    await browser.close();
  }
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.stack ?? error}\n`);
  process.exitCode = 1;
});
