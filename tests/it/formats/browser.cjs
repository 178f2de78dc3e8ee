// Opens pages in Chromium and says what a visitor would meet.
//
//   node browser.cjs NODE_MODULES CHROMIUM PAGE.html... [--shots FOLDER]
//
// One JSON object a page goes to stdout: console errors, requests, what axe finds in light, dark and narrow and what is wider than
// the window there, whether the filters work, how many findings stand there without scripts, and how long the page took to open.
const path = require("path");
const fs = require("fs");
const { pathToFileURL } = require("url");

const [modules, executablePath, ...rest] = process.argv.slice(2);
const shots = rest.includes("--shots") ? rest.splice(rest.indexOf("--shots"), 2)[1] : null;
const { chromium } = require(path.resolve(modules, "playwright-core"));
const axe = fs.readFileSync(path.join(modules, "axe-core", "axe.min.js"), "utf8");

const LOOKS = {
  light: { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  narrow: { colorScheme: "light", viewport: { width: 390, height: 844 } },
  scriptless: { colorScheme: "light", viewport: { width: 1280, height: 900 }, javaScriptEnabled: false },
};

const weighty = (found) =>
  found.violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);

async function look(browser, file, name, options) {
  const context = await browser.newContext({ ...options, reducedMotion: "reduce" });
  const page = await context.newPage();
  const errors = [];
  const requests = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
  const url = pathToFileURL(file).href;
  const start = process.hrtime.bigint();
  await page.goto(url, { waitUntil: "load" });
  const loaded = Number(process.hrtime.bigint() - start) / 1e6;
  const out = { errors, foreign: requests.filter((one) => one !== url), loaded };
  if (options.javaScriptEnabled !== false) {
    out.painted = await page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())))),
    );
    out.nodes = await page.evaluate(() => document.getElementsByTagName("*").length);
    out.wide = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      if (scrollWidth <= clientWidth) return [];
      const beyond = (element) => element.getBoundingClientRect().right > clientWidth && !element.closest(".window, pre");
      return [...document.querySelectorAll("body *")].filter(beyond).map((element) => element.outerHTML.slice(0, 120));
    });
    // The driver's own world is not bound by the page's policy.
    const world = await context.newCDPSession(page);
    await world.send("Page.enable");
    const { frameTree } = await world.send("Page.getFrameTree");
    const { executionContextId } = await world.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
    const run = (expression) =>
      world.send("Runtime.evaluate", { expression, contextId: executionContextId, awaitPromise: true, returnByValue: true });
    await run(axe + ";0");
    const found = await run("axe.run(document, { resultTypes: ['violations'] })");
    if (found.exceptionDetails) errors.push(`axe: ${found.exceptionDetails.exception?.description}`);
    else out.axe = weighty(found.result.value);
  } else {
    // Neither axe nor a measurement runs in a page without scripts.
    out.filtersShown = await page.locator("#bar:not([hidden])").count();
    out.findings = await page.locator(".finding").count();
  }
  if (shots) {
    const to = path.join(shots, `${path.basename(file, ".html")}-${name}.png`);
    await page.screenshot({ path: to, fullPage: false });
  }
  if (name === "light") Object.assign(out, await use(page, file));
  await context.close();
  return out;
}

// Filters by keyboard and by hand.
async function use(page, file) {
  const total = await page.locator(".finding").count();
  const out = { total };
  if (total === 0) return out;
  const shown = () => page.locator(".finding:not([hidden])").count();
  await page.keyboard.press("/");
  out.focused = await page.evaluate(() => document.activeElement.id);
  const started = process.hrtime.bigint();
  await page.keyboard.type("nothing is like that");
  await page.locator("#empty:not([hidden])").waitFor();
  out.searched = Number(process.hrtime.bigint() - started) / 1e6;
  out.none = await shown();
  await page.keyboard.press("Escape");
  out.all = await shown();
  const rule = await page.locator("#rule option").nth(1).getAttribute("value");
  await page.selectOption("#rule", rule);
  out.ofRule = await shown();
  out.expected = await page.locator(`.finding[data-r="${rule}"]`).count();
  if (shots) await page.screenshot({ path: path.join(shots, `${path.basename(file, ".html")}-filtered.png`) });
  await page.click("#reset");
  await page.locator("#bar [name=weight]").first().focus();
  await page.keyboard.press("Space");
  out.withoutFirst = await shown();
  await page.click("#reset");
  await page.keyboard.press("Escape");
  if (shots) {
    await page.locator("#findings").scrollIntoViewIfNeeded();
    await page.evaluate(() => document.getElementById("findings").scrollIntoView());
    await page.screenshot({ path: path.join(shots, `${path.basename(file, ".html")}-findings.png`) });
  }
  // What a reader of paper gets: every finding's help, though it may be closed on screen.
  await page.emulateMedia({ media: "print" });
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  out.printed = await page.evaluate(
    () => [...document.querySelectorAll(".finding .body")].filter((body) => body.getBoundingClientRect().height > 0).length,
  );
  if (shots) await page.pdf({ path: path.join(shots, `${path.basename(file, ".html")}.pdf`), format: "A4", printBackground: false, margin: { top: "14mm", bottom: "14mm", left: "12mm", right: "12mm" } });
  return out;
}

(async () => {
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  try {
    for (const file of rest) {
      const out = { file: path.basename(file), bytes: fs.statSync(file).size };
      for (const [name, options] of Object.entries(LOOKS)) out[name] = await look(browser, file, name, options);
      console.log(JSON.stringify(out));
    }
  } finally {
    await browser.close();
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
