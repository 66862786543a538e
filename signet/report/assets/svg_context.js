"use strict";
// The part of CanvasRenderingContext2D that Chart.js 3 draws with, written down
// as SVG: new SvgContext(canvas) in place of the canvas's own context, then
// text(). Points are transformed as they come; scales are taken as uniform.
class SvgContext {
  constructor(canvas) {
    this.canvas = canvas;
    this.measure = document.createElement("canvas").getContext("2d");
    this.elements = [];
    this.clips = 0;
    this.stack = [];
    this.path = "";
    this.state = {
      matrix: new DOMMatrix(), clip: "", dash: [], lineDashOffset: 0,
      fillStyle: "#000", strokeStyle: "#000", lineWidth: 1, lineCap: "butt",
      lineJoin: "miter", globalAlpha: 1, font: "10px sans-serif",
      textAlign: "start", textBaseline: "alphabetic",
    };
    for (const name of Object.keys(this.state)) {
      if (["matrix", "clip", "dash"].includes(name)) continue;
      Object.defineProperty(this, name, {
        get: () => this.state[name],
        set: (value) => { this.state[name] = value; },
      });
    }
  }

  save() { this.stack.push({...this.state}); }
  restore() { this.state = this.stack.pop() || this.state; }
  translate(x, y) { this.state.matrix = this.state.matrix.translate(x, y); }
  rotate(angle) {
    this.state.matrix = this.state.matrix.rotate(angle * 180 / Math.PI);
  }
  scale(x, y) { this.state.matrix = this.state.matrix.scale(x, y); }
  setTransform(...values) { this.state.matrix = new DOMMatrix(values); }
  resetTransform() { this.state.matrix = new DOMMatrix(); }
  setLineDash(dash) { this.state.dash = dash; }
  getLineDash() { return this.state.dash; }

  point(x, y) {
    const p = this.state.matrix.transformPoint({x, y});
    return p.x.toFixed(2) + " " + p.y.toFixed(2);
  }
  beginPath() { this.path = ""; }
  closePath() { this.path += "Z"; }
  moveTo(x, y) { this.path += "M" + this.point(x, y); }
  lineTo(x, y) { this.path += (this.path ? "L" : "M") + this.point(x, y); }
  bezierCurveTo(ax, ay, bx, by, x, y) {
    this.path += "C" + [this.point(ax, ay), this.point(bx, by),
                        this.point(x, y)].join(" ");
  }
  rect(x, y, w, h) {
    this.moveTo(x, y);
    this.lineTo(x + w, y);
    this.lineTo(x + w, y + h);
    this.lineTo(x, y + h);
    this.closePath();
  }
  arc(x, y, r, start, end, backwards = false) {
    const at = (angle) => this.point(x + r * Math.cos(angle),
                                     y + r * Math.sin(angle));
    const radius = r.toFixed(2) + " " + r.toFixed(2);
    const sweep = backwards ? 0 : 1;
    this.path += (this.path && !this.path.endsWith("Z") ? "L" : "M") +
        at(start);
    // Halves: one SVG arc cannot be a whole circle.
    const middle = (start + end) / 2;
    for (const angle of [middle, end]) {
      this.path += "A" + radius + " 0 0 " + sweep + " " + at(angle);
    }
  }

  element(text) {
    this.elements.push(text.replace(
        " ", this.state.clip ? ` clip-path="url(#${this.state.clip})" ` : " "));
  }
  clip() {
    this.state.clip = "clip" + this.clips++;
    this.elements.push(`<clipPath id="${this.state.clip}"><path d="` +
                       `${this.path}"/></clipPath>`);
  }
  fill() {
    this.element(`<path d="${this.path}" fill="${this.fillStyle}" ` +
                 `opacity="${this.globalAlpha}"/>`);
  }
  stroke() {
    if (!(this.lineWidth > 0)) return;
    this.element(
        `<path d="${this.path}" fill="none" stroke="${this.strokeStyle}" ` +
        `stroke-width="${this.lineWidth}" stroke-linecap="${this.lineCap}" ` +
        `stroke-linejoin="${this.lineJoin}" opacity="${this.globalAlpha}" ` +
        `stroke-dasharray="${this.state.dash.join(" ") || "none"}"/>`);
  }
  fillRect(x, y, w, h) {
    this.beginPath();
    this.rect(x, y, w, h);
    this.fill();
  }
  strokeRect(x, y, w, h) {
    this.beginPath();
    this.rect(x, y, w, h);
    this.stroke();
  }
  clearRect() {}
  strokeText() {}
  fillText(text, x, y) {
    const escaped = String(text).replace(/[&<>"]/g,
                                         (c) => "&#" + c.charCodeAt(0) + ";");
    const anchor = {center: "middle", right: "end", end: "end"};
    const baseline = {middle: "central", top: "text-before-edge",
                      hanging: "hanging", bottom: "text-after-edge"};
    const m = this.state.matrix;
    const font = this.font.replace(/"/g, "'");
    this.element(
        `<text x="${x}" y="${y}" fill="${this.fillStyle}" ` +
        `transform="matrix(${[m.a, m.b, m.c, m.d, m.e, m.f].join(" ")})" ` +
        `text-anchor="${anchor[this.textAlign] || "start"}" ` +
        `dominant-baseline="${baseline[this.textBaseline] || "auto"}" ` +
        `style="font: ${font}">${escaped}</text>`);
  }
  measureText(text) {
    this.measure.font = this.font;
    return this.measure.measureText(text);
  }

  text() {
    const {width, height} = this.canvas;
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" ` +
        `height="${height}" viewBox="0 0 ${width} ${height}">` +
        this.elements.join("\n") + "</svg>\n";
  }
}
