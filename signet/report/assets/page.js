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

  const dataset = (series, index) => ({
    label: series.label,
    data: series.points.map(([x, y]) => ({x, y})),
    borderDash: series.dashed ? [6, 4]
                              : dashes[Math.floor(index / colours) %
                                       dashes.length],
    borderWidth: series.of ? 1.5 : 2,
    borderColor: colour("--series-" + index % colours),
    backgroundColor: colour("--series-" + index % colours),
    clip: 8,  // a marker at the edge is shown whole
    pointStyle: styles[index % styles.length],
    pointRadius: series.of || series.points.length > 60 ? 0 : 3,
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
    const xs = spec.series.flatMap(
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
          (sum, meta) => sum + meta.data.filter(inside).length, 0);
      chart.canvas.dataset.drawn = count + " points";
    },
  };

  const draw = (spec, index) => new Chart("chart-" + index, {
    type: "line",
    data: {datasets: spec.series.map(
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
                   filter: (item) => !spec.series[item.datasetIndex].of},
        },
        tooltip: {
          usePointStyle: true,
          filter: (item) => !spec.series[item.datasetIndex].of,
          callbacks: {
            title: (items) => items.length === 0 ? "" :
                spec.x_label + " " + short(items[0].parsed.x),
            label: (item) => " " + item.dataset.label + "  " +
                short(item.parsed.y),
          },
        },
      },
    },
  });

  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  let charts = [];
  // Colours are fixed when a chart is made: another scheme, new charts.
  const drawAll = () => {
    charts.forEach((chart) => chart.destroy());
    charts = specs.map(draw);
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
