// The keyboard of the agents' desk, and the few things that no form does: the clock of an undo, filters that apply
// themselves. Everything here has a button beside it; without this file the desk works by buttons alone.
"use strict";

const at = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];

// ---- the list and the conversation: j and k go from one to the next ----

const STOPS = ".rows .line:not(.legend), .said";

function go(step) {
  const stops = all(STOPS);
  const here = stops.findIndex((each) => each.classList.contains("here") || each.contains(document.activeElement));
  const next = stops[here < 0 ? (step > 0 ? 0 : stops.length - 1) : Math.min(Math.max(here + step, 0), stops.length - 1)];
  if (!next) return;
  stops.forEach((each) => each.classList.toggle("here", each === next));
  const link = next.querySelector(".subject a");
  if (link) link.focus();
  else next.scrollIntoView({ block: "nearest" });
}

function write(kind) {
  const choice = at(`#write [name="kind"][value="${kind}"]`);
  if (!choice) return;
  choice.checked = true;
  at("#write").scrollIntoView({ block: "nearest" });
  at("#text").focus();
}

function press(selector) {
  at(selector)?.click();
}

const KEYS = {
  j: () => go(1),
  k: () => go(-1),
  Enter: () => at(".line.here .subject a")?.click(),
  c: () => (at("#claim") ? press("#claim") : press("#next")),
  r: () => write("answer"),
  n: () => write("note"),
  e: () => press("#resolve"),
  u: () => press("#back"),
  z: () => press("#undo"),
  "/": () => (at("#search") ? at("#search").focus() : location.assign("/#search")),
  "?": () => at("#keys").togglePopover(),
};

function isTyping(target) {
  return target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName) ||
    (target.tagName === "INPUT" && !/^(checkbox|radio|button|submit)$/.test(target.type));
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return; // the letters of a Hangul syllable on its way
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.id === "text") {
    event.preventDefault();
    at("#write").requestSubmit(at("#send"));
    return;
  }
  if (event.key === "Escape" && isTyping(event.target)) event.target.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || at("[popover]:popover-open:not(#keys)")) return;
  if (event.key === "Enter" && event.target !== document.body) return; // what has the focus is pressed
  // On a Korean keyboard the same keys bear jamo: the place of the key tells which one is meant.
  const key = KEYS[event.key] ? event.key : /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : "";
  if (!KEYS[key] || (event.shiftKey && key !== "?")) return;
  event.preventDefault();
  KEYS[key]();
});

// ---- the list: filters apply themselves, and what came in while it was open is marked for a moment ----

const filters = at("#filters");
let byKeys = null; // the select that is being gone through by arrows, one value after the other

filters?.addEventListener("keydown", (event) => {
  if (event.target.tagName !== "SELECT") return;
  byKeys = event.target;
  if (event.key !== "Enter" || !filters.classList.contains("changed")) return;
  event.preventDefault();
  filters.requestSubmit();
});
filters?.addEventListener("pointerdown", () => { byKeys = null; });
filters?.addEventListener("change", (event) => {
  if (event.target === byKeys) filters.classList.add("changed"); // Enter applies it, and so does the button that shows now
  else if (event.target.id !== "search") filters.requestSubmit();
});
filters?.addEventListener("submit", () => sessionStorage.setItem("filter", document.activeElement.name ?? ""));

const filter = sessionStorage.getItem("filter"); // the list is there: go on where you were
sessionStorage.removeItem("filter");
if (filter && filter !== "words") filters?.elements[filter]?.focus();

if (location.hash === "#search") at("#search")?.focus();

// ---- from a request back to the list that it was opened from, and to its line ----

const number = at("#request")?.dataset.number;
const list = JSON.parse(sessionStorage.getItem("list"));
if (at("#list")) {
  const last = sessionStorage.getItem("number");
  sessionStorage.setItem("list", JSON.stringify({ href: location.pathname + location.search, title: at("h1").textContent }));
  const line = last && document.getElementById(last);
  line?.classList.add("here");
  line?.scrollIntoView({ block: "nearest" });
} else if (number) {
  sessionStorage.setItem("number", number);
  if (list) {
    at("#back").href = list.href;
    at("#back span").textContent = list.title;
  }
}

let known = new Set(all(".rows .line[id]").map((each) => each.id));
let focused = "";
let marked = "";
document.addEventListener("htmx:before:swap", () => {
  focused = document.activeElement?.closest(".line")?.id ?? "";
  marked = at(".line.here")?.id ?? "";
});
document.addEventListener("htmx:after:swap", () => {
  if (marked) document.getElementById(marked)?.classList.add("here");
  for (const each of all(".rows .line[id]")) each.classList.toggle("arrived", !known.has(each.id));
  known = new Set(all(".rows .line[id]").map((each) => each.id));
  if (focused) document.getElementById(focused)?.querySelector(".subject a")?.focus({ preventScroll: true });
});

// ---- live: the list asks again by itself (hx-trigger); a conversation, when something was said or done in it ----

const live = at("#live");

live?.addEventListener("queue", (event) => {
  if (number && JSON.parse(event.detail.data).changed.includes(number)) htmx.trigger(document.body, "changed");
});

live?.addEventListener("htmx:sse:error", () => { at("#offline").textContent = at("#offline").dataset.words; });
live?.addEventListener("htmx:sse:after:connection", () => { at("#offline").textContent = ""; });

// What came between the drawing of the page and the first word of the stream, or while the line was down, was missed.
live?.addEventListener("hello", (event) => {
  if (Number(event.detail.data) <= Number(live.dataset.newest)) return;
  live.dataset.newest = event.detail.data;
  htmx.trigger(live, "queue", { data: JSON.stringify({ changed: number ? [number] : [] }) });
});

// ---- undo: the seconds that are left ----

const undo = at(".undo");
if (undo) {
  const bar = undo.querySelector("progress");
  const words = undo.querySelector("span");
  const said = words.textContent;
  const start = Number(undo.dataset.seconds);
  const began = performance.now();
  const clock = setInterval(() => {
    const left = Math.max(0, start - (performance.now() - began) / 1000);
    bar.value = left;
    words.textContent = said.replace(String(start), String(Math.ceil(left)));
    if (left > 0) return;
    clearInterval(clock);
    undo.remove();
  }, 250);
}

// ---- files go to the desk as soon as they are chosen, and wait there for the letter: once, however often it is looked at ----

document.addEventListener("change", (event) => {
  if (event.target.id !== "files") return;
  const chosen = [...event.target.files];
  const isLarge = chosen.reduce((octets, each) => octets + each.size, 0) > Number(event.target.dataset.most);
  if (isLarge) {
    event.stopPropagation(); // it would be refused when all of it has gone over the line
    event.target.value = "";
    tell("large");
  }
  // in place of a button that speaks the browser's language
  event.target.nextElementSibling.textContent = isLarge ? "" : chosen.map((each) => each.name).join(", ");
}, true);

// ---- what is being written stays in this tab until it is sent: over a reload, another act, a login that ran out ----

const drafts = `draft ${number} ${at("#request")?.dataset.agent}`;

/** Says it above the buttons, also to who does not see it. */
function tell(what) {
  at("#told").textContent = at("#told").dataset[what];
}

function keepDraft() {
  if (at("#write").dataset.sent) return;
  const { text, kind, quotes, files } = at("#write").elements;
  const uploads = all("#uploads input:checked").map((each) => each.value);
  const draft = { text: text.value, kind: kind.value, quotes: quotes?.checked, uploads, isChoosing: files?.files.length > 0 };
  if (text.value.trim() || uploads.length) sessionStorage.setItem(drafts, JSON.stringify(draft));
  else sessionStorage.removeItem(drafts);
}

/** The files that wait for this letter: their ids go along from now on, and the desk shows what they are. */
function takeUpFiles(ids) {
  for (const value of ids) at("#uploads").append(Object.assign(document.createElement("input"), { type: "hidden", name: "upload", value }));
  document.addEventListener("DOMContentLoaded", () => htmx.trigger(at("#files"), "change")); // when htmx listens
}

function takeUpDraft() {
  const { text, kind, quotes } = at("#write").elements;
  text.autocomplete = "off"; // a browser that goes back would bring what was sent already
  const draft = JSON.parse(sessionStorage.getItem(drafts));
  if (draft?.isSent && location.hash.startsWith("#entry-")) sessionStorage.removeItem(drafts); // it was kept by the desk
  else if (text.value) keepDraft();
  else if (draft) {
    text.value = draft.text;
    kind.value = draft.kind;
    if (quotes) quotes.checked = draft.quotes;
    if (quotes && draft.uploads.length) takeUpFiles(draft.uploads);
    tell(draft.isChoosing ? "anew" : "kept");
  }
}

if (at("#write")) takeUpDraft();

document.addEventListener("input", (event) => {
  if (event.target.form?.id === "write") keepDraft();
});

for (const name of ["htmx:response:error", "htmx:error"])
  document.addEventListener(name, (event) => {
    const status = event.detail.ctx?.response?.status;
    if (event.target.closest?.("#write") && event.target.id !== "text" && status !== 409 && status !== 422) tell("failed");
  });

let mails = all(".said.theirs").length;
document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx.target?.id === "write") { // a ready-made text went in
    keepDraft();
    at("#text").focus();
  }
  if (event.detail.ctx.target?.id === "uploads") { // the chosen files are there
    at("#files").value = at("#files").nextElementSibling.textContent = "";
    keepDraft();
  }
  if (all(".said.theirs").length > mails && at("#write")) tell("newer");
  mails = all(".said.theirs").length;
});

document.addEventListener("submit", (event) => {
  if (event.target.getAttribute("action") === "/logout") sessionStorage.clear();
});

// ---- an answer is sent once, however often it is pressed ----

document.addEventListener("submit", (event) => {
  if (event.target.id !== "write" || event.defaultPrevented || event.submitter?.name === "do") return;
  if (event.target.dataset.sent) return event.preventDefault();
  event.target.dataset.sent = "yes";
  const draft = JSON.parse(sessionStorage.getItem(drafts));
  sessionStorage.setItem(drafts, JSON.stringify({ ...draft, isSent: true }));
});

window.addEventListener("pageshow", (event) => {
  if (!event.persisted || !at("#write")) return; // the page as it was left
  delete at("#write").dataset.sent;
  if (!sessionStorage.getItem(drafts)) at("#text").value = "";
});

// ---- the page opens where the reading begins, unless something at its head is to be read first ----

if (at("#write") && !at(".notice.doubtful, .notice.bad") && !location.hash && !performance.getEntriesByType("navigation")[0]?.type?.includes("back"))
  all(".said").at(-1)?.scrollIntoView({ block: "nearest" });

at("#rail [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }); // where the rail is one line
