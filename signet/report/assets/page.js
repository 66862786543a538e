"use strict";
// Draws the charts that the page's JSON block describes. An error, or a request
// that the page's policy blocked, is left in the root's data-error.
(() => {
  const root = document.documentElement;
  const report = (text) => { root.dataset.error = text; };
  addEventListener("error", (event) => report(event.message));
  document.addEventListener("securitypolicyviolation",
                            (event) => report(event.violatedDirective));

  const colours = 10;
  const dashes = [[], [2, 3], [10, 4]];
  const styles = ["circle", "triangle", "rect", "rectRot", "crossRot",
                  "cross"];
  const colour = (name) =>
      getComputedStyle(root).getPropertyValue(name).trim();
  const short = (value) => String(Number(value.toPrecision(5)));

  const specs = JSON.parse(document.getElementById("charts").textContent);
  // One name has one colour on the whole page, if there are enough colours.
  const nameOf = (series) => series.of || series.label;
  const names = [...new Set(
      specs.flatMap((spec) => spec.series.map(nameOf)))];
  const styleOf = (spec, series) => {
    const known = names.length <= colours
        ? names : [...new Set(spec.series.map(nameOf))];
    return known.indexOf(nameOf(series));
  };

  // What Chart.js draws for one series: its band's edges first, under its line.
  const expand = (series) => {
    const points = (k) => series.points.map((p) => [p[0], p[k]]);
    const edge = {of: nameOf(series), dashed: false, line: true, band: true};
    const band = series.points.some((point) => point.length > 2)
        ? [{...edge, label: "", points: points(2)},
           {...edge, label: "", points: points(3), fill: "-1"}] : [];
    return [...band, {...series, bars: band.length > 0 ? series.points : null}];
  };

  for (const spec of specs) spec.lines = spec.series.flatMap(expand);

  const dataset = (series, index) => ({
    label: series.label,
    data: series.points.map(([x, y]) => ({x, y})),
    // Drawn without Path2D, which SvgContext could not read.
    segment: {},
    fill: series.fill || false,
    showLine: series.line,
    borderDash: series.dashed ? [6, 4]
                              : dashes[Math.floor(index / colours) %
                                       dashes.length],
    borderWidth: series.band ? 0 : series.of ? 1.5 : 2,
    borderColor: colour("--series-" + index % colours),
    // A band is a fifth as dense as its line.
    backgroundColor: colour("--series-" + index % colours) +
        (series.band ? "33" : ""),
    clip: 8,  // a marker at the edge is shown whole
    pointStyle: styles[index % styles.length],
    pointRadius: series.of || (series.line && series.points.length > 60)
        ? 0 : 3,
    pointHoverRadius: series.of ? 0 : 6,
    pointHitRadius: series.of ? 0 : 8,
  });

  // A logarithmic axis that spans decades is ruled at the powers of ten.
  const ruleDecades = (scale) => {
    const decades = scale.ticks.filter(
        (tick) => Number.isInteger(Math.log10(tick.value)));
    if (decades.length > 1) scale.ticks = decades;
  };

  const axis = (spec, name) => {
    const log = spec["log_" + name];
    const xs = spec.lines.flatMap(
        (series) => series.points.map(([x]) => x));
    const whole = name === "x" && xs.every(Number.isInteger);
    const min = xs.reduce((a, b) => Math.min(a, b), Infinity);
    const max = xs.reduce((a, b) => Math.max(a, b), -Infinity);
    // The curve fills the width; Chart.js would round the axis outwards.
    const range = name === "x" && min < max ? {min, max} : {};
    return {
      ...range,
      type: log ? "logarithmic" : "linear",
      afterBuildTicks: log ? ruleDecades : undefined,
      title: {display: spec[name + "_label"] !== "",
              text: spec[name + "_label"], color: colour("--muted")},
      grid: {display: name === "y", drawBorder: name === "x",
             color: colour("--line"), borderColor: colour("--line")},
      ticks: {maxRotation: 0, autoSkipPadding: 16, includeBounds: false,
              color: colour("--muted"),
              ...(log ? {callback: short} : {}),
              ...(whole ? {precision: 0} : {})},
    };
  };

  // Room between the legend and the lines.
  const legendGap = {
    id: "legend-gap",
    beforeInit: (chart) => {
      const fit = chart.legend.fit;
      chart.legend.fit = function() {
        fit.call(this);
        this.height += this.options.display ? 10 : 0;
      };
    },
  };

  // What Chart.js placed within its axes, from its own metadata.
  const countDrawn = {
    id: "count-drawn",
    afterDraw: (chart) => {
      const area = chart.chartArea;
      const inside = (point) => !point.skip &&
          point.x >= area.left - 1 && point.x <= area.right + 1 &&
          point.y >= area.top - 1 && point.y <= area.bottom + 1;
      const count = chart.getSortedVisibleDatasetMetas().reduce(
          (sum, meta) => sum + (meta.dataset.options.borderWidth > 0
              ? meta.data.filter(inside).length : 0), 0);
      chart.canvas.dataset.drawn = count + " points";
    },
  };

  // Value of a point, with its band: "0.25 (0.23 to 0.27)".
  const valueText = (series, item) => {
    const bar = series.bars && series.bars[item.dataIndex];
    return short(item.parsed.y) + (bar && bar[2] !== null && bar[3] !== null
        ? " (" + short(bar[2]) + " to " + short(bar[3]) + ")" : "");
  };

  const config = (spec) => ({
    type: "line",
    data: {datasets: spec.lines.map(
        (series) => dataset(series, styleOf(spec, series)))},
    plugins: [legendGap, countDrawn],
    options: {
      animation: false,
      parsing: false,
      normalized: false,
      maintainAspectRatio: false,
      locale: "en",
      interaction: {mode: "nearest", axis: "x", intersect: false},
      scales: {x: axis(spec, "x"), y: axis(spec, "y")},
      plugins: {
        legend: {
          display: spec.series.filter((series) => !series.of).length > 1,
          align: "start",
          labels: {color: colour("--text"), usePointStyle: true, boxHeight: 6,
                   padding: 14,
                   filter: (item) => !spec.lines[item.datasetIndex].of},
        },
        tooltip: {
          usePointStyle: true,
          filter: (item) => !spec.lines[item.datasetIndex].of,
          callbacks: {
            title: (items) => items.length === 0 ? "" :
                spec.x_label + " " + short(items[0].parsed.x),
            label: (item) => " " + item.dataset.label + "  " +
                valueText(spec.lines[item.datasetIndex], item),
          },
        },
      },
    },
  });

  // The chart as an SVG text, drawn anew at a fixed size.
  const svgOf = (spec) => {
    const canvas = document.createElement("canvas");
    canvas.width = 800;
    canvas.height = 480;
    const context = new SvgContext(canvas);
    canvas.getContext = () => context;
    const {options, ...rest} = config(spec);
    const chart = new Chart(canvas, {
      ...rest,
      options: {...options, responsive: false, devicePixelRatio: 1},
    });
    const text = context.text();
    chart.destroy();
    return text;
  };
  window.chartAsSvg = (index) => svgOf(specs[index]);
  const download = (index) => {
    const link = document.createElement("a");
    link.href = "data:image/svg+xml;charset=utf-8," +
        encodeURIComponent(svgOf(specs[index]));
    link.download = (specs[index].title || "chart").toLowerCase()
        .replace(/[^a-z0-9]+/g, "-") + ".svg";
    link.click();
  };
  for (const button of document.querySelectorAll("button.svg")) {
    button.addEventListener("click",
                            () => download(Number(button.dataset.chart)));
  }

  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  let charts = [];
  // Colours are fixed when a chart is made: another scheme, new charts.
  const drawAll = () => {
    charts.forEach((chart) => chart.destroy());
    charts = specs.map(
        (spec, index) => new Chart("chart-" + index, config(spec)));
  };
  drawAll();

  matchMedia("(prefers-color-scheme: dark)")
      .addEventListener("change", drawAll);
  const printing = (now) => {
    root.classList.toggle("printing", now);
    drawAll();
  };
  addEventListener("beforeprint", () => printing(true));
  addEventListener("afterprint", () => printing(false));
})();
