// Draws what templates/_macros/charts.html chart() describes. The table behind each chart is the page's own.
const css = (name) => {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.className = name;
  document.body.append(probe);
  const { color, backgroundColor } = getComputedStyle(probe);
  probe.remove();
  return { color, backgroundColor };
};

function axes(data, muted) {
  const axis = { axisLabel: { color: muted, fontSize: 12 }, axisLine: { lineStyle: { color: muted } }, nameTextStyle: { color: muted } };
  const category = (values) => ({ ...axis, type: "category", data: values });
  if (data.kind === "heatmap") return { xAxis: category(data.x), yAxis: { ...category(data.y), inverse: true } };
  return { xAxis: category(data.x), yAxis: { ...axis, type: "value", name: data.unit ?? "", splitLine: { lineStyle: { opacity: 0.3 } } } };
}

function series(data) {
  if (data.kind === "heatmap") {
    return [{
      type: "heatmap",
      data: data.cells.map(([x, y, value, href]) => ({ value: [x, y, value], href })),
      label: { show: true },
    }];
  }
  return data.series.map(({ name, values, hrefs }) => ({
    name,
    type: data.kind,
    data: values.map((value, index) => ({ value, href: hrefs?.[index] })),
  }));
}

function option(data, title) {
  const muted = css("text-secondary").color;
  const accents = ["tone-probe-info", "tone-probe-wait", "tone-probe-bad", "tone-probe-quiet"].map((name) => css(name).color);
  const largest = data.kind === "heatmap" ? Math.max(1, ...data.cells.map((cell) => cell[2])) : 0;
  return {
    aria: { enabled: true, label: { description: title }, decal: { show: data.series?.length > 1 } },
    color: accents,
    textStyle: { color: muted, fontSize: 13, fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 8, right: 16, top: 32, bottom: 8, containLabel: true },
    // An HTML tooltip writes style attributes, which our content security policy refuses.
    tooltip: { renderMode: "richText" },
    legend: data.series?.length > 1 ? { top: 0, right: 8, textStyle: { color: muted } } : undefined,
    visualMap: data.kind === "heatmap"
      ? { show: false, min: 0, max: largest, inRange: { color: [css("heat-1").backgroundColor, css("heat-4").backgroundColor] } }
      : undefined,
    ...axes(data, muted),
    series: series(data),
  };
}

const charts = [...document.querySelectorAll("[data-chart]")].map((canvas) => {
  const data = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
  canvas.hidden = false;
  const chart = window.echarts.init(canvas, null, { renderer: "canvas" });
  chart.on("click", ({ data: point }) => { if (point?.href) location.assign(point.href); });
  const draw = () => chart.setOption(option(data, canvas.dataset.title), true);
  draw();
  return { chart, draw };
});
addEventListener("resize", () => charts.forEach(({ chart }) => chart.resize()));
document.addEventListener("promiseline:theme", () => charts.forEach(({ draw }) => draw()));
