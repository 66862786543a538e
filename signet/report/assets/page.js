"use strict";
// Draws the charts that the page's JSON block describes. An error, or a request
// that the page's policy blocked, is left in the root's data-error.
(() => {
  const root = document.documentElement;
  const report = (text) => { root.dataset.error = text; };
  addEventListener("error", (event) => report(event.message));
  document.addEventListener("securitypolicyviolation",
                            (event) => report(event.violatedDirective));

  const colours = 6;
  const dashes = [[], [2, 3], [10, 4]];
  const styles = ["circle", "triangle", "rect", "rectRot", "star", "cross"];
  const colour = (name) =>
      getComputedStyle(root).getPropertyValue(name).trim();
  const short = (value) => String(Number(value.toPrecision(5)));

  const dataset = (series, index) => ({
    label: series.label,
    data: series.points.map(([x, y]) => ({x, y})),
    borderDash: series.dashed ? [6, 4]
                              : dashes[Math.floor(index / colours) %
                                       dashes.length],
    borderWidth: 2,
    pointStyle: styles[index % styles.length],
    pointRadius: series.points.length > 60 ? 0 : 3,
    pointHoverRadius: 6,
    pointHitRadius: 8,
  });

  const axis = (spec, name) => {
    const whole = spec.series.every(
        (series) => series.points.every(([x]) => Number.isInteger(x)));
    return {
      type: spec["log_" + name] ? "logarithmic" : "linear",
      title: {display: spec[name + "_label"] !== "",
              text: spec[name + "_label"]},
      grid: {display: name === "y", drawBorder: name === "x"},
      ticks: {maxRotation: 0, autoSkipPadding: 16,
              precision: name === "x" && whole ? 0 : undefined},
    };
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
    data: {datasets: spec.series.map(dataset)},
    plugins: [countDrawn],
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
          display: spec.series.length > 1,
          align: "start",
          labels: {usePointStyle: true, boxHeight: 6, padding: 14},
        },
        tooltip: {
          usePointStyle: true,
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

  const paint = (chart) => {
    const text = colour("--muted");
    for (const scale of Object.values(chart.options.scales)) {
      scale.ticks.color = text;
      scale.title.color = text;
      scale.grid.color = colour("--line");
      scale.grid.borderColor = colour("--line");
    }
    chart.options.plugins.legend.labels.color = colour("--text");
    chart.data.datasets.forEach((data, index) => {
      data.borderColor = colour("--series-" + index % colours);
      data.backgroundColor = data.borderColor;
    });
    chart.update("none");
  };

  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  const specs = JSON.parse(document.getElementById("charts").textContent);
  const charts = specs.map(draw);
  const paintAll = () => charts.forEach(paint);
  paintAll();

  matchMedia("(prefers-color-scheme: dark)")
      .addEventListener("change", paintAll);
  // Paper is light and of another width.
  addEventListener("beforeprint", () => {
    root.classList.add("printing");
    charts.forEach((chart) => chart.resize());
    paintAll();
  });
  addEventListener("afterprint", () => {
    root.classList.remove("printing");
    charts.forEach((chart) => chart.resize());
    paintAll();
  });
})();
