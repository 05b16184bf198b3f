"use strict";

const element = (id) => document.getElementById(id);
const SIGNS = {
  "`": "a backtick", "~": "a tilde", "^": "a caret", "|": "a vertical bar", "_": "an underscore", "\\": "a backslash",
  "#": "a number sign", "@": "an at sign", "&": "an ampersand", "%": "a per cent sign", "*": "an asterisk",
  "{": "a brace", "}": "a brace", "[": "a bracket", "]": "a bracket", "<": "less than", ">": "more than",
};
const KINDS = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /./u];  // the groups in which characters are shown
const SIZES = [0.7, 0.85, 1, 1.2, 1.45];
const PATIENCE = 20000;  // milliseconds in which an answer comes

/* What the browser keeps: the size of the rules, and the line that is not finished. */
const drawer = {
  get(name) { try { return JSON.parse(localStorage.getItem(`hw-${name}`)); } catch { return null; } },
  set(name, value) { try { localStorage.setItem(`hw-${name}`, JSON.stringify(value)); } catch { /* is full, or off */ } },
  drop(name) { try { localStorage.removeItem(`hw-${name}`); } catch { /* is off */ } },
};

const sheet = new Sheet(element("paper"), element("length"), element("sheet"), onChange);
let state = null;
let line = null;  // { text, key, replaces }: what is being written
let busy = false;
let lastInk = null;

const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (n) => n.toString(16).padStart(2, "0")).join("");
const plural = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

// --- talking to hw -----------------------------------------------------------------------------------------

async function ask(name, content) {
  let answer, found;
  try {
    const signal = AbortSignal.timeout?.(PATIENCE);  // a network that is lost does not tell
    answer = await fetch(name, content === undefined ? { signal } : {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(content), signal,
    });
    found = await (answer.ok ? answer.json() : answer.json().catch(() => ({ error: answer.statusText })));
  } catch {
    throw new Error("hw collect is not running, or cannot be reached. What you wrote stays on this page: start it again, or try again.");
  }
  if (answer.status === 404) throw new Error("This page is of an earlier run: open the address that hw collect tells now. Your line waits for you there.");
  if (answer.status === 400) throw new Error(`Not kept: ${found.error}.`);
  if (!answer.ok) throw new Error(`Not kept: ${found.error}. Your line is still here; try again.`);
  return found;
}

async function attempt(action) {
  if (busy) return;
  busy = sheet.locked = true;
  refresh();
  try {
    await action();
    element("banner").hidden = true;
  } catch (error) {
    element("banner").textContent = error.message;
    element("banner").hidden = false;
  }
  busy = sheet.locked = false;
  refresh();
}

// --- lines -------------------------------------------------------------------------------------------------

function startLine(text, replaces = "", { key = newKey(), strokes, letter } = {}) {
  line = { text, key, replaces };
  sheet.begin(strokes, letter);
  showPrompt();
}

/* The name of the line that is not finished: each file has its own, whatever folder it is in. */
const draftName = () => `draft-${state.place}`;

async function start() {
  state = await ask("state");
  const draft = drawer.get(draftName());
  showState();
  if (draft?.strokes?.length) startLine(draft.text, draft.replaces, draft);
  else startLine(state.next.text);
}

async function keep() {
  if (sheet.isEmpty) return nudge();
  sheet.lift();
  const written = { ...line, strokes: sheet.strokes };
  const device = ["pen", "touch", "mouse"].find((name) => written.strokes.some((stroke) => stroke.device === name));
  const strokes = written.strokes.map(({ points }) => points);
  state = await ask("line", { ...line, device, strokes, ...sheet.guides });
  lastInk = { strokes: written.strokes, letter: sheet.letter };
  drawer.drop(draftName());
  showState();
  startLine(state.next.text);
  replay("kept");
}

/* Whether nothing is lost by another line, or it may be. */
const mayLeave = (question) => sheet.isEmpty || confirm(`The line on the sheet is not kept yet. ${question}`);

async function skip() {
  if (!mayLeave("Go on without it?")) return;
  if (line.replaces) return startLine(state.next.text);
  state = await ask("skip", { text: line.text });
  drawer.drop(draftName());
  showState();
  startLine(state.next.text);
}

function again() {
  if (busy || !mayLeave("Go on without it?")) return;
  startLine(state.last.text, state.last.id);
}

async function finish() {
  if (!mayLeave("Finish without it?")) return;
  state = await ask("finish", {});
  drawer.drop(draftName());
  element("ending").textContent = `${plural(state.lines, "line")} of your hand, in ${state.file}.`;
  element("desk").hidden = element("finish").hidden = true;
  element("end").hidden = false;
  showProgress();
}

// --- what is shown -----------------------------------------------------------------------------------------

function onChange() {
  element("here").classList.toggle("gone", !sheet.isEmpty);
  element("fingers").hidden = !sheet.penSeen;
  if (line && state) {
    if (sheet.isEmpty) drawer.drop(draftName());
    else drawer.set(draftName(), { ...line, strokes: sheet.strokes, letter: sheet.letter });
  }
  refresh();
}

function refresh() {
  element("undo").disabled = busy || !sheet.canUndo;
  element("clear").disabled = busy || sheet.isEmpty;
  element("smaller").disabled = !sheet.isEmpty || size === 0;
  element("larger").disabled = !sheet.isEmpty || size === SIZES.length - 1;
  element("keep").disabled = busy || !line;
  element("skip").disabled = busy || !line;
  element("again").disabled = element("finish").disabled = busy;
}

function showPrompt() {
  const isNew = line.text === state.next.text && state.covered ? state.next.new : "";
  const letters = [...line.text].map((character) => {
    if (!isNew.includes(character)) return document.createTextNode(character);
    return Object.assign(document.createElement("b"), { textContent: character });
  });
  element("text").replaceChildren(...letters);
  element("text").normalize();  // or it is read aloud letter by letter
  element("label").textContent = line.replaces ? "Write it once more; this one will count" : "Write this line";
  element("skip").textContent = line.replaces ? "Leave it as it was" : "Skip";
  const named = [...new Set(line.text)].filter((character) => SIGNS[character]);
  element("signs").replaceChildren(...named.flatMap((character, index) => [
    document.createTextNode(index ? ", " : ""),
    Object.assign(document.createElement("kbd"), { textContent: character }),
    document.createTextNode(` is ${SIGNS[character]}`),
  ]));
  for (const item of chips()) item.classList.toggle("now", line.text.includes(item.dataset.is));
}

function showProgress() {
  const { covered, characters } = state;
  const more = Object.assign(document.createElement("span"), { className: "more", textContent: ` in ${state.file}` });
  element("progress").replaceChildren(document.createTextNode(`${plural(state.lines, "line")} kept`), more);
  element("bar").style.width = `${(100 * covered.length) / Math.max(1, characters.length)}%`;
}

const chips = () => element("characters").querySelectorAll("li");

function groups(characters) {
  const kind = (character) => KINDS.findIndex((pattern) => pattern.test(character));
  return KINDS.map((_, number) => {
    const list = document.createElement("ul");
    list.append(...[...characters].filter((character) => kind(character) === number).map((character) => {
      const item = document.createElement("li");
      item.textContent = character === " " ? "␣" : character;
      item.dataset.is = character;
      return item;
    }));
    return list;
  });
}

function showState() {
  showProgress();
  const { covered, characters, pairs } = state;
  element("covered").textContent = `${[...covered].length} of ${[...characters].length} characters, ${pairs[0]} of ${pairs[1]} frequent pairs`;
  if (chips().length !== [...characters].length) element("characters").replaceChildren(...groups(characters));
  for (const item of chips()) item.classList.toggle("done", covered.includes(item.dataset.is));
  element("last").hidden = !state.last;
  if (state.last) {
    element("said").textContent = lastInk ? `Safe in ${state.file}` : `Last: ${state.last.text}`;
    showThumbnail();
  }
}

function showThumbnail() {
  const canvas = element("thumbnail"), context = canvas.getContext("2d"), ratio = window.devicePixelRatio || 1;
  canvas.hidden = !lastInk;
  if (!lastInk) return;
  const all = lastInk.strokes.flatMap(({ points }) => points);
  const [left, right] = [Math.min(...all.map(([x]) => x)) - 6, Math.max(...all.map(([x]) => x)) + 6];
  const height = lastInk.letter * Sheet.RULES.bottom, scale = 46 / height, width = Math.max(1, (right - left) * scale);
  canvas.style.width = `${width}px`;
  [canvas.width, canvas.height] = [Math.min(8000, width * ratio), 46 * ratio];
  context.setTransform(scale * ratio, 0, 0, scale * ratio, -left * scale * ratio, 0);
  const ink = getComputedStyle(document.documentElement).getPropertyValue("--ink");
  for (const stroke of lastInk.strokes) Sheet.trace(context, stroke, ink, lastInk.letter * 0.1);
}

function replay(name) {
  const frame = element("paper").parentElement;
  frame.classList.remove("kept", "empty");
  void frame.offsetWidth;  // so that the same animation begins anew
  frame.classList.add(name);
}

function nudge() { replay("empty"); }

// --- size of the rules -------------------------------------------------------------------------------------

let size = Math.min(SIZES.length - 1, Math.max(0, drawer.get("size") ?? 2));

function fit() {
  const usual = Math.min(56, Math.max(34, window.innerWidth * 0.034, window.innerHeight * 0.03));
  sheet.fit(Math.round(Math.min(usual * SIZES[size], window.innerHeight * 0.1)));
}

function resize(by) {
  size = Math.min(SIZES.length - 1, Math.max(0, size + by));
  drawer.set("size", size);
  fit();
  refresh();
}

// --- beginning ---------------------------------------------------------------------------------------------

const press = (id, action) => element(id).addEventListener("click", action);
press("undo", () => sheet.undo());
press("clear", () => sheet.clear());
press("keep", () => attempt(keep));
press("skip", () => attempt(skip));
press("again", again);
press("finish", () => attempt(finish));
press("smaller", () => resize(-1));
press("larger", () => resize(1));
element("touch").addEventListener("change", (event) => { sheet.fingersWrite = event.target.checked; });
window.addEventListener("resize", fit);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showThumbnail);
document.addEventListener("keydown", (event) => {
  if (event.target.closest("button, input") && event.key === "Enter") return;
  const key = (event.ctrlKey || event.metaKey ? "ctrl+" : "") + event.key.toLowerCase();
  const action = { enter: () => attempt(keep), "ctrl+z": () => sheet.undo(), escape: () => sheet.clear() }[key];
  if (!action || element("desk").hidden) return;
  event.preventDefault();
  action();
});
fit();
attempt(start);
