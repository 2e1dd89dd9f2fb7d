// Opens every page of a directory in Chromium and uses it as a reader does, with the mouse and with the keyboard.
//
// usage: node use.mjs DIRECTORY CHROMIUM [SCREENSHOTS]
//
// Beside each NAME.html lies NAME.json with what the page must say: `changes` and `counts`. Prints what is wrong, a
// line each, and ends with 1 when anything is.

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [directory, executablePath, screenshots] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const facets = ["node", "kind", "action", "impact", "cause"];
let faults = 0;
let checks = 0;

function check(page, what, got, wanted) {
  checks += 1;
  const [one, other] = [JSON.stringify(got), JSON.stringify(wanted)];
  if (one !== other) {
    faults += 1;
    console.log(`${page}: ${what}: got ${one}, wanted ${other}`);
  }
}

const node = (change) => change.addr.split("/")[0];
const facet = (change, name) => (name === "node" ? node(change) : change[name]);
const words = (shown, total) => `${shown} of ${total} ${total === 1 ? "change" : "changes"}`;

// The addresses of the changes that can be seen, with the node that is filtered by.
const visible = (page, wanted = "") =>
  page.evaluate((wanted) => [...document.querySelectorAll(".change")].filter((card) => card.checkVisibility())
    .flatMap((card) => card.dataset.nodes.split(" ").filter((node) => !wanted || node === wanted)
      .map((node) => card.dataset.local.includes("/") ? card.dataset.local : `${node}/${card.dataset.local}`)).sort(), wanted);

const sorted = (changes) => changes.map((change) => change.addr).sort();

async function axeFaults(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.filter((it) => ["serious", "critical"].includes(it.impact))
    .map((it) => `${it.id} (${it.impact}): ${it.nodes.slice(0, 3).map((at) => `${at.html.slice(0, 120)} ${at.failureSummary}`).join(" | ")}`);
}

async function filters(name, page, { changes }) {
  const shown = page.locator("#shown");
  for (const of of facets) {
    const select = page.locator(`#filter-${of}`);
    const values = [...new Set(changes.map((change) => facet(change, of)))].sort();
    const told = await select.locator("option[data-count]").evaluateAll((all) => all.map((it) => [it.value, Number(it.dataset.count)]));
    check(name, `counts by ${of}`, told.sort(), values.map((value) => [value, changes.filter((it) => facet(it, of) === value).length]).sort());
    if (values.length < 2) {
      check(name, `a filter without a choice is off: ${of}`, await select.isDisabled(), true);
      continue;
    }
    for (const value of values.slice(0, of === "node" ? 4 : 12)) {
      await select.selectOption(value);
      const wanted = changes.filter((change) => facet(change, of) === value);
      check(name, `${of}=${value}`, await visible(page, of === "node" ? value : ""), sorted(wanted));
      check(name, `${of}=${value} in words`, await shown.textContent(), words(wanted.length, changes.length));
    }
    await page.locator("#reset").click();
    check(name, `all again after ${of}`, await shown.textContent(), words(changes.length, changes.length));
  }
  // Two filters at once.
  const first = changes[0];
  const pair = facets.slice(1).filter((of) => new Set(changes.map((it) => facet(it, of))).size > 1).slice(0, 2);
  for (const of of pair) await page.locator(`#filter-${of}`).selectOption(facet(first, of));
  const both = changes.filter((change) => pair.every((of) => facet(change, of) === facet(first, of)));
  check(name, `${pair} together`, await visible(page), sorted(both));
  await page.locator("#reset").click();
}

async function searching(name, page, { changes }) {
  const search = page.locator("#search");
  for (const change of changes.slice(0, 6)) {
    await search.fill(change.addr.toUpperCase());
    check(name, `search for ${change.addr}`, (await visible(page)).includes(change.addr), true);
  }
  await search.fill("nothing is like this");
  check(name, "search in vain", await visible(page), []);
  check(name, "in vain, in words", await page.locator("#none").isVisible(), true);
  await search.press("Escape");
  check(name, "Escape clears the search", [await search.inputValue(), (await visible(page)).length], ["", changes.length]);
}

async function keyboard(name, page) {
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.closest("details")?.id || document.activeElement.tagName);
  await page.locator("h1").click();
  await page.keyboard.press("/");
  check(name, "/ goes to the search", await focused(), "search");
  check(name, "/ itself is not typed", await page.locator("#search").inputValue(), "");
  const first = page.locator(".change").first();
  const was = await first.evaluate((card) => card.open);
  await first.locator("summary").focus();
  await page.keyboard.press("Enter");
  check(name, "Enter folds and unfolds", await first.evaluate((card) => card.open), !was);
  await page.keyboard.press("Enter");
  // From the first control to the first change there is nothing but controls.
  await page.locator("#search").focus();
  for (let presses = 0; presses < 12 && (await focused()) !== "c0"; presses += 1) await page.keyboard.press("Tab");
  check(name, "Tab reaches the changes", await focused(), "c0");
  await page.locator("#toggle").click();
  const open = () => page.locator(".change").evaluateAll((all) => all.filter((it) => it.open).length);
  const [one, all] = [await open(), await page.locator(".change").count()];
  await page.locator("#toggle").click();
  check(name, "all are folded, then unfolded, or the other way", [one, await open()].sort((a, b) => a - b), [0, all]);
  const box = page.locator("a.box").last();
  if (await box.count()) {
    const card = await box.getAttribute("data-card");
    // What the filters hide is shown when the drawing leads to it.
    await page.locator("#search").fill("nothing is like this");
    await box.focus();
    await page.keyboard.press("Enter");
    check(name, "a box leads to its change", [await focused(), await page.locator(`#${card}`).isVisible()], [card, true]);
  }
}

async function use(browser, name) {
  const url = pathToFileURL(join(directory, `${name}.html`)).href;
  const expected = JSON.parse(readFileSync(join(directory, `${name}.json`), "utf8"));
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: "light" });
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("dialog", (dialog) => { said.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => {
    if (request.url() !== url && !request.url().startsWith("data:")) said.push(`asked for ${request.url()}`);
  });
  await page.goto(url);
  const counts = await page.locator("dd[data-count]").evaluateAll((all) => Object.fromEntries(all.map((it) => [it.id.replace("count-", ""), Number(it.dataset.count)])));
  check(name, "counts", Object.entries(counts).sort(), Object.entries(expected.counts).sort());
  check(name, "every change is there", await visible(page), sorted(expected.changes));
  if (expected.changes.length > 0) {
    await filters(name, page, expected);
    await searching(name, page, expected);
    await keyboard(name, page);
    await page.locator("#reset").click();
    await page.evaluate(() => { for (const card of document.querySelectorAll(".change")) card.open = true; });
  }
  for (const [colorScheme, width] of [["light", 1280], ["dark", 1280], ["light", 400]]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    check(name, `axe, ${colorScheme}, ${width}`, await axeFaults(page), []);
    check(name, `nothing is wider than ${width}`, await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true);
    if (screenshots) {
      await page.evaluate(() => window.scrollTo(0, 0));
      await page.screenshot({ path: join(screenshots, `${name}-${colorScheme}-${width}.png`), fullPage: true });
    }
  }
  check(name, "what the browser said", said, []);
  await context.close();

  const plain = await browser.newContext({ javaScriptEnabled: false });
  const still = await plain.newPage();
  await still.goto(url);
  check(name, "without scripts the filters are away", await still.locator(".filters:visible").count(), 0);
  check(name, "without scripts every change is there", await still.locator(".change:visible").count(), await still.locator(".change").count());
  await plain.close();
}

// Namespaces are not always to be had where tests run, and root cannot have the sandbox; the pages are our own.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
const names = readdirSync(directory).filter((file) => file.endsWith(".html")).map((file) => file.slice(0, -5)).sort();
for (const name of names) await use(browser, name);
await browser.close();
console.log(`${names.length} pages, ${checks} checks, ${faults} faults`);
process.exit(faults === 0 && names.length > 0 ? 0 : 1);
