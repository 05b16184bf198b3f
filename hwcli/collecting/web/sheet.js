"use strict";

/* The sheet: strokes from a pen, a finger or a mouse, in pixels of the page, y downward from the sheet's top.
 *
 * The canvas is as wide as the window and stays there; the paper below it, which is as long as the line needs,
 * is what scrolls.  A stroke is { device, points: [[x, y, seconds, pressure or null], ...] }.
 */
class Sheet {
  /* Heights of the rules, in heights of a small letter from the top. */
  static RULES = { ascender: 1.05, middle: 2.15, base: 3.15, descender: 4.2, bottom: 5.1 };
  static MARGIN = 28;
  static PALM = 55;        // pixels: what is larger than this on the glass is no finger tip
  static MISTAKEN = 0.25;  // seconds: a touch this young was the first finger of two
  static AWAY = 1;         // seconds that pass, by the line's clock, while the page is loaded again

  constructor(paper, length, canvas, changed) {
    Object.assign(this, { paper, length, canvas, changed });
    this.context = canvas.getContext("2d");
    this.strokes = [];
    this.history = [];
    this.letter = 44;
    this.penSeen = false;
    this.fingersWrite = false;
    this.locked = false;  // while a line is on its way to the file
    this.ahead = 0;       // seconds by which the line's clock is ahead of the page's
    this.writing = null;  // { id, stroke } of the pointer that writes
    this.panning = new Map();  // by pointer: its last x
    this.listen();
  }

  // --- what is on it ---------------------------------------------------------------------------------------

  get isEmpty() { return this.strokes.length === 0; }
  get canUndo() { return this.history.length > 0; }
  get usesFingers() { return !this.penSeen || this.fingersWrite; }
  get guides() { return { baseline: this.letter * Sheet.RULES.base, xheight: this.letter }; }

  change(strokes) {
    this.history.push(this.strokes);
    this.strokes = strokes;
    this.afterChange();
  }

  undo() {
    this.lift();
    if (this.locked || !this.history.length) return;
    this.strokes = this.history.pop();
    this.afterChange();
  }

  clear() {
    this.lift();
    if (!this.locked && !this.isEmpty) this.change([]);
  }

  /* Begin a line, or go on with the ``strokes`` of one, on rules for their ``letter``. */
  begin(strokes = [], letter = this.letter) {
    clearTimeout(this.sliding);
    this.strokes = strokes;
    this.letter = letter;
    const last = Math.max(...strokes.map(({ points }) => points.at(-1)[2]));
    this.ahead = strokes.length ? Math.max(0, last + Sheet.AWAY - performance.now() / 1000) : 0;
    this.history = [];
    this.writing = null;
    this.paper.scrollLeft = 0;
    this.fit();
    this.afterChange();
  }

  afterChange() {
    this.lengthen();
    this.draw();
    this.changed();
  }

  get right() { return Math.max(0, ...this.strokes.map(({ points }) => Math.max(...points.map(([x]) => x)))); }

  // --- size ------------------------------------------------------------------------------------------------

  /* Fit the canvas to the window; the rules keep their size while there is ink on them. */
  fit(letter = this.wanted) {
    this.wanted = letter;
    if (this.isEmpty && letter) this.letter = letter;
    const ratio = window.devicePixelRatio || 1;
    this.width = this.paper.clientWidth;
    this.height = Math.round(this.letter * Sheet.RULES.bottom);
    this.canvas.style.width = `${this.width}px`;
    this.canvas.style.height = `${this.height}px`;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.ratio = ratio;
    this.lengthen();
    this.draw();
  }

  lengthen() {
    const right = this.right;
    const needed = right > 0.75 * this.width ? right + 0.75 * this.width : this.width;
    this.length.style.width = `${Math.ceil(Math.max(needed, this.width))}px`;
  }

  /* Slide the paper on when the pen is lifted near the window's right edge. */
  slide() {
    clearTimeout(this.sliding);
    this.sliding = setTimeout(() => {
      const last = this.strokes.at(-1);
      if (this.writing || !last) return;
      const at = Math.max(...last.points.map(([x]) => x)) - this.paper.scrollLeft;
      if (at > 0.8 * this.width) this.glide(at - 0.3 * this.width);
    }, 450);
  }

  /* Move the paper step by step: a smooth scroll of the browser would go on under the pen, and smear the ink. */
  glide(by) {
    const step = Math.min(by, Math.max(4, by * 0.2));
    this.paper.scrollLeft += step;
    if (by > step) this.sliding = setTimeout(() => this.glide(by - step), 16);
  }

  // --- pictures --------------------------------------------------------------------------------------------

  draw() {
    const { context, ratio, width, height, letter } = this;
    const style = getComputedStyle(document.documentElement);
    const left = this.paper.scrollLeft;
    this.ink = style.getPropertyValue("--ink");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const line = (x0, y0, x1, y1, colour, dash, thick = 1) => {
      context.strokeStyle = style.getPropertyValue(colour);
      context.lineWidth = thick;
      context.setLineDash(dash);
      context.beginPath();
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
      context.stroke();
    };
    const rule = (name, colour, dash, thick) => {
      const y = Math.round(letter * Sheet.RULES[name]) + 0.5;
      line(0, y, width, y, colour, dash, thick);
    };
    rule("ascender", "--rule", [2, 7]);
    rule("middle", "--rule", [7, 5]);
    rule("base", "--base", [], 1.5);
    rule("descender", "--rule", [2, 7]);
    line(Sheet.MARGIN - left, 0, Sheet.MARGIN - left, height, "--margin", []);
    context.setLineDash([]);
    context.setTransform(ratio, 0, 0, ratio, -left * ratio, 0);
    for (const stroke of this.strokes) Sheet.trace(context, stroke, this.ink, this.nib);
  }

  get nib() { return Math.max(1.6, this.letter * 0.058); }

  /* Draw a stroke from its point ``from`` on: curves through the middles between points, thicker under pressure. */
  static trace(context, { points }, ink, nib, from = 0) {
    context.strokeStyle = context.fillStyle = ink;
    context.lineCap = context.lineJoin = "round";
    const thick = ([, , , pressure]) => nib * (pressure === null ? 1 : 0.45 + 1.1 * pressure);
    if (points.length === 1) {
      context.beginPath();
      context.arc(points[0][0], points[0][1], thick(points[0]) * 0.62, 0, 7);
      context.fill();
    }
    const middle = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    for (let i = Math.max(1, from); i < points.length; i++) {
      const [before, here] = [points[i - 1], points[i]];
      const start = i > 1 ? middle(points[i - 2], before) : before;
      context.lineWidth = (thick(before) + thick(here)) / 2;
      context.beginPath();
      context.moveTo(...start);
      context.quadraticCurveTo(before[0], before[1], ...middle(before, here));
      if (i === points.length - 1) context.lineTo(here[0], here[1]);
      context.stroke();
    }
  }

  // --- pointers --------------------------------------------------------------------------------------------

  listen() {
    const on = (name, handler) => this.canvas.addEventListener(name, handler.bind(this), { passive: false });
    on("pointerdown", this.down);
    on("pointermove", this.move);
    on("pointerup", this.up);
    on("pointercancel", this.cancel);
    on("contextmenu", (event) => event.preventDefault());
    on("touchstart", (event) => event.preventDefault());  // Safari's own pencil gestures
    on("wheel", this.wheel);
    this.paper.addEventListener("scroll", () => this.draw());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  down(event) {
    event.preventDefault();
    clearTimeout(this.sliding);
    const { pointerType: device, pointerId: id } = event;
    if (device === "mouse" && event.button !== 0) return;
    if (device === "pen") this.notePen();
    if (device === "touch" && !this.acceptsTouch(event)) return;
    if (this.locked) return;
    if (this.writing) {
      if (device !== "pen" || this.writing.stroke.device === "pen") return;
      this.takeBack();  // the hand lay on the glass before the pen did
    }
    try { this.canvas.setPointerCapture(id); } catch { /* a pointer that is gone already */ }
    const erases = event.button === 5 || (event.buttons & 32) !== 0;
    this.writing = { id, erases, stroke: { device, points: [] } };
    if (!erases) this.history.push(this.strokes);
    if (!erases) this.strokes = [...this.strokes, this.writing.stroke];
    this.take(event, [event]);
  }

  /* Whether a touch writes; one that does not moves the paper, or is the side of a hand. */
  acceptsTouch(event) {
    if (Math.max(event.width, event.height) > Sheet.PALM) return false;
    const { writing } = this;
    if (this.usesFingers && !writing && this.panning.size === 0) return true;
    if (writing?.stroke.device === "pen") return false;
    this.panning.set(event.pointerId, event.clientX);
    if (writing && !writing.erases) {
      const { points } = writing.stroke;
      if (points.at(-1)[2] - points[0][2] < Sheet.MISTAKEN) {
        this.panning.set(writing.id, points.at(-1)[0] - this.paper.scrollLeft);
        this.takeBack();
      }
    }
    return false;
  }

  move(event) {
    if (this.panning.has(event.pointerId)) {
      const by = (event.clientX - this.panning.get(event.pointerId)) / this.panning.size;
      if (!this.writing) this.paper.scrollLeft -= by;
      this.panning.set(event.pointerId, event.clientX);
    }
    if (event.pointerId !== this.writing?.id) return;
    event.preventDefault();
    const coalesced = event.getCoalescedEvents?.() ?? [];
    this.take(event, coalesced.length ? coalesced : [event]);
  }

  /* Turn the paper as far as it goes; a wheel that does not move it moves the page, or zooms it. */
  wheel(event) {
    const before = this.paper.scrollLeft, { deltaX, deltaY } = event;
    clearTimeout(this.sliding);
    if (!this.writing && !event.ctrlKey) this.paper.scrollLeft += Math.abs(deltaX) > Math.abs(deltaY) ? deltaX : deltaY;
    if (this.writing || this.paper.scrollLeft !== before) event.preventDefault();
  }

  /* Add the places of ``events``, all that the device told since the last time, to the stroke. */
  take(event, events) {
    const { stroke, erases } = this.writing;
    const { left, top } = this.canvas.getBoundingClientRect();
    const { points } = stroke;
    const from = points.length;
    for (const { clientX, clientY, timeStamp, pressure } of events) {
      const x = clientX - left + this.paper.scrollLeft, y = clientY - top;
      if (erases) { this.erase(x, y); continue; }
      const last = points.at(-1);
      const time = Math.max(timeStamp / 1000 + this.ahead, last ? last[2] : 0);
      if (last && last[0] === x && last[1] === y) continue;
      points.push([x, y, time, Sheet.pressure(event.pointerType, pressure)]);
    }
    if (!erases && points.length > from) Sheet.trace(this.context, stroke, this.ink, this.nib, from);
  }

  /* The pressure, or null where the device does not measure it. */
  static pressure(device, value) {
    const isMade = device === "mouse" || (device === "touch" && (value === 0 || value === 0.5 || value === 1));
    return isMade ? null : value;
  }

  erase(x, y) {
    const near = this.letter * 0.3;
    const isNear = (point, i, points) => Sheet.distance(x, y, points[Math.max(0, i - 1)], point) < near;
    const left = this.strokes.filter(({ points }) => !points.some(isNear));
    if (left.length < this.strokes.length) this.change(left);
  }

  /* The distance of (x, y) from the straight line between two points. */
  static distance(x, y, [x0, y0], [x1, y1]) {
    const length = (x1 - x0) ** 2 + (y1 - y0) ** 2;
    const share = length ? Math.min(1, Math.max(0, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length)) : 0;
    return Math.hypot(x0 + share * (x1 - x0) - x, y0 + share * (y1 - y0) - y);
  }

  up(event) {
    this.panning.delete(event.pointerId);
    if (event.pointerId !== this.writing?.id) return;
    this.lift();
    this.slide();
  }

  /* End the stroke that is being written. */
  lift() {
    if (!this.writing) return;
    const { erases } = this.writing;
    this.writing = null;
    if (!erases) this.afterChange();
  }

  cancel(event) {
    if (event.pointerId === this.writing?.id && event.pointerType === "touch") this.takeBack();
    this.up(event);
  }

  takeBack() {
    if (!this.writing.erases) this.strokes = this.history.pop();
    this.writing = null;
    this.afterChange();
  }

  notePen() {
    if (this.penSeen) return;
    this.penSeen = true;
    this.panning.clear();
    this.changed();
  }
}
