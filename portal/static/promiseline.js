// What scripts add to pages that work without them: keys, bulk selection, theme, live parts.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const stored = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* private mode: the choice lasts for this page */ } },
};
const message = document.getElementById("live-message");

// Controls that only scripts make useful are hidden in the markup.
const reveal = (root = document) => all("[data-needs-js]", root).forEach((element) => { element.hidden = false; });

// ---- keyboard: / searches; j, k, x walk and tick the rows of a queue. Can be turned off (WCAG 2.1.4). ----
const shortcuts = () => stored.get("promiseline-shortcuts") !== "off";
const typing = (element) =>
  element.isContentEditable || /^(TEXTAREA|SELECT)$/.test(element.tagName) ||
  (element.tagName === "INPUT" && !/^(checkbox|radio|button|submit)$/.test(element.type));

function walk(step) {
  const rows = all("[data-queue] [data-row]");
  if (rows.length === 0) return;
  const at = rows.indexOf(document.activeElement?.closest("[data-row]"));
  const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1)];
  (next.querySelector(".row-link") ?? next.querySelector("a, button, input:not([type=hidden])"))?.focus();
}

const keys = {
  "/": () => document.getElementById("search")?.focus(),
  j: () => walk(1),
  k: () => walk(-1),
  x: () => document.activeElement?.closest("[data-row]")?.querySelector(".select-cell input")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeMenus();
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (!keys[event.key] || !shortcuts() || typing(event.target) || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  keys[event.key]();
});

// ---- menus: one open at a time, closed by Escape and by a click elsewhere ----
function closeMenus(except) {
  for (const menu of all("details[data-menu][open]")) {
    if (menu === except) continue;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
}
document.addEventListener("click", (event) => closeMenus(event.target.closest("details[data-menu]")));

// ---- dialogs: for browsers that don't know command/commandfor yet ----
if (!("commandForElement" in HTMLButtonElement.prototype)) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[commandfor]");
    const dialog = button && document.getElementById(button.getAttribute("commandfor"));
    if (dialog) button.getAttribute("command") === "close" ? dialog.close() : dialog.showModal();
  });
}

// ---- bulk selection ----
// Not bar.id: a field of the form that is named "id" would stand in its place.
const boxesOf = (bar) => all(`input[type=checkbox][form="${bar.getAttribute("id")}"]`);

function countSelected(bar) {
  const boxes = boxesOf(bar);
  const chosen = boxes.filter((box) => box.checked).length;
  bar.classList.toggle("is-active", chosen > 0);
  bar.classList.toggle("is-idle", chosen === 0);
  const words = `${chosen} selected`;
  const count = bar.querySelector("[data-bulk-count]");
  if (count.textContent !== words) count.textContent = words;
  for (const head of all(`[data-select-all="${bar.getAttribute("id")}"]`)) {
    head.checked = chosen > 0 && chosen === boxes.length;
    head.indeterminate = chosen > 0 && chosen < boxes.length;
  }
}
function countAll() {
  all("[data-bulk]").forEach(countSelected);
  // What has the focus must not lie behind the bar (WCAG 2.4.11), however tall the bar is.
  const bar = document.querySelector("[data-bulk].is-active");
  document.documentElement.style.scrollPaddingBottom = bar ? `${bar.offsetHeight + 16}px` : "";
}

document.addEventListener("change", (event) => {
  const { target } = event;
  if (target.matches("[data-select-all]")) {
    all(`input[type=checkbox][form="${target.dataset.selectAll}"]`).forEach((box) => { box.checked = target.checked; });
  }
  if (target.matches("[data-shortcuts-choice]")) stored.set("promiseline-shortcuts", target.checked ? "on" : "off");
  if (target.matches("input[type=checkbox]")) countAll();
});
document.addEventListener("click", (event) => {
  const bar = event.target.closest("[data-bulk-clear]")?.closest("[data-bulk]");
  if (!bar) return;
  const boxes = boxesOf(bar);
  boxes.forEach((box) => { box.checked = false; });
  countAll();
  boxes[0]?.focus();
});

// ---- theme: the same keys and attribute as Tabler's own script, which runs before the page is drawn ----
const dark = matchMedia("(prefers-color-scheme: dark)");
function showTheme() {
  const choice = stored.get("tabler-theme") ?? "auto";
  all("[data-theme-choice]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice)));
}
document.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-theme-choice]")?.dataset.themeChoice;
  if (!choice) return;
  stored.set("tabler-theme", choice);
  const isDark = choice === "dark" || (choice === "auto" && dark.matches);
  isDark ? document.documentElement.setAttribute("data-bs-theme", "dark") : document.documentElement.removeAttribute("data-bs-theme");
  showTheme();
  document.dispatchEvent(new Event("promiseline:theme"));
});

// ---- live parts: [data-live="topic"] with an id is fetched anew from this page's address (or data-live-url) when the
// topic is heard on the event stream; without a stream every 20 s. A part being edited is left alone until asked. ----
const POLL = 20_000, GATHER = 300;
const parts = () => all("[data-live][id]");
const waiting = new Set();
let gathering = null, polling = null, stream = null, heard = "";

const edited = (part) =>
  part.querySelector("dialog[open], details[data-menu][open]") !== null ||
  all("input, textarea, select", part).some((field) => {
    if (/^(checkbox|radio)$/.test(field.type)) return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") return [...field.options].some((option) => option.selected !== option.defaultSelected);
    return field.type !== "hidden" && field.value !== field.defaultValue;
  });

function refresh(part) {
  const url = part.dataset.liveUrl ?? location.pathname + location.search;
  return htmx.ajax("GET", url, { source: part, target: part, select: `#${CSS.escape(part.id)}`, swap: "outerMorph" });
}

function refreshWaiting(force) {
  gathering = null;
  for (const id of [...waiting]) {
    const part = document.getElementById(id);
    if (part && !force && edited(part)) continue;
    waiting.delete(id);
    if (part) refresh(part);
  }
  if (waiting.size > 0 && message.childElementCount === 0) offerRefresh();
}

function offerRefresh() {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Show" });
  button.addEventListener("click", () => { message.replaceChildren(); refreshWaiting(true); });
  message.replaceChildren("There is news. Showing it clears what you have entered.", button);
}

function announce(topic) {
  parts().filter((part) => part.dataset.live.split(" ").includes(topic)).forEach((part) => waiting.add(part.id));
  if (waiting.size > 0 && gathering === null) gathering = setTimeout(refreshWaiting, GATHER);
}

function refreshAll() {
  parts().forEach((part) => waiting.add(part.id));
  refreshWaiting(false);
}

const topics = () => [...new Set(parts().flatMap((part) => part.dataset.live.split(" ")))].sort();

function poll(on) {
  clearInterval(polling);
  polling = on ? setInterval(() => { if (!document.hidden) refreshAll(); }, POLL) : null;
}

// One stream for a visible page; a hidden one lets go of it, since a browser opens only six to a host.
function listen() {
  const wanted = topics();
  const address = document.body.dataset.events;
  stream?.close();
  stream = null;
  heard = wanted.join(" ");
  poll(false);
  if (wanted.length === 0 || document.hidden) return;
  if (!address) { poll(true); return; }
  const query = wanted.map((topic) => `topic=${encodeURIComponent(topic)}`).join("&");
  stream = new EventSource(`${address}?${query}`);
  wanted.forEach((topic) => stream.addEventListener(topic, () => announce(topic)));
  stream.addEventListener("open", () => { poll(false); document.documentElement.dataset.liveBy = "stream"; });
  stream.addEventListener("error", () => {
    // CLOSED: the server has no room for another stream (204) or refused; otherwise the browser tries again itself.
    if (stream.readyState === EventSource.CLOSED) { poll(true); document.documentElement.dataset.liveBy = "polling"; }
  });
}
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && parts().length > 0) refreshAll();
  listen();
});

// ---- start, and again for whatever htmx brings ----
document.addEventListener("htmx:after:swap", () => {
  reveal();
  countAll();
  if (topics().join(" ") !== heard) listen();
});
reveal();
countAll();
showTheme();
all("[data-shortcuts-choice]").forEach((box) => { box.checked = shortcuts(); });
document.querySelector("[data-error-summary]")?.focus();
listen();
document.documentElement.dataset.ready = "true";
