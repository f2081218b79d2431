// Live charts in the place of the drawn figures: values under the pointer, curves to hide, a stretch to zoom into.
// A chart is built when it is first seen; should that fail, its drawing stays.
(function () {
  "use strict";
  const source = document.getElementById("data");
  if (!source || typeof uPlot === "undefined") {
    return;
  }
  const data = JSON.parse(source.textContent);
  const DASHES = [[], [7, 4], [2, 3]];
  const THIN = "\u202f";
  const WHOLE = [0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((step) => step * 10 ** power));

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const element = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };

  // A real minus, and thousands apart.
  const group = (text) => text.replace("-", "−").replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, THIN);

  // A measured value: the digits after the point do not depend on it, so that values stand below each other.
  function number(value, decimals) {
    if (!isThere(value)) {
      return "–";
    }
    if (decimals !== undefined) {
      return group(value.toFixed(decimals));
    }
    const size = Math.abs(value);
    if (size > 0 && size < 0.01) {
      return group(value.toPrecision(3)); // Down here a collapse is watched.
    }
    return group(value.toFixed(size >= 1000 ? 0 : size >= 10 ? 2 : 4));
  }

  // A place on an axis: no more digits than it needs.
  const tick = (value) => group(String(Number(value.toPrecision(6))));

  const isThere = (value) => value !== null && value !== undefined;

  // The value at a place of the joined x, or the last one before it, since curves need not share their x; none where the curve
  // has ended.
  function reading(values, index) {
    if (values.findLastIndex(isThere) < index) {
      return null;
    }
    let at = index;
    while (at >= 0 && !isThere(values[at])) {
      at -= 1;
    }
    return at < 0 ? null : values[at];
  }

  const last = (values) => values.findLast(isThere) ?? null;

  // The library's series of a chart: per curve its mean and then its seeds; `curves` says which belong together.
  function lay(chart) {
    const tables = [];
    const series = [{}];
    const curves = [];
    for (const { series: index, dash, label } of chart.curves) {
      const { colour, mean, seeds } = data.series[index];
      const place = [];
      const add = (points, style) => {
        if (points.x.length > 0) {
          place.push(series.length);
          tables.push([points.x, points.y]);
          series.push({
            label,
            stroke: () => css(colour),
            dash: DASHES[dash],
            spanGaps: true,
            points: { show: chart.marks || points.x.length === 1, size: 7, fill: () => css(colour) },
            ...style,
          });
        }
      };
      seeds.forEach((seed) => add(seed, { width: 1, alpha: 0.4 }));
      const whole = mean.x.length > 0;
      add(mean, { width: 2 });
      curves.push({ label, colour, dash, series: place, mean: whole ? place[place.length - 1] : null, shown: true });
    }
    return { curves, series, values: uPlot.join(tables) };
  }

  // The target changes above the plot: a dot at the switch to features, a tick at each copy, a line while averaging.
  function drawStrip(chart, plot) {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    const left = bbox.left - 3 * ratio;
    ctx.save();
    ctx.setLineDash([]); // The last curve's dashes are still set.
    ctx.beginPath();
    ctx.rect(left, 0, bbox.width + 6 * ratio, bbox.top);
    ctx.clip();
    chart.strip.forEach((row, index) => {
      const y = bbox.top - (8 + 9 * (chart.strip.length - 1 - index)) * ratio;
      const at = (x) => plot.valToPos(x, "x", true);
      ctx.strokeStyle = ctx.fillStyle = css(row.colour);
      const averages = row.events.filter(([, event]) => event === "average");
      if (averages.length > 0) {
        ctx.lineWidth = ratio;
        ctx.beginPath();
        ctx.moveTo(at(Math.min(row.events[0][0], averages[0][0])), y);
        ctx.lineTo(at(averages[averages.length - 1][0]), y);
        ctx.stroke();
      }
      for (const [x, event] of row.events) {
        ctx.beginPath();
        if (event === "switch") {
          ctx.arc(at(x), y, 3 * ratio, 0, 2 * Math.PI);
          ctx.fill();
        } else if (event === "copy") {
          ctx.lineWidth = 1.25 * ratio;
          ctx.moveTo(at(x), y - 3 * ratio);
          ctx.lineTo(at(x), y + 3 * ratio);
          ctx.stroke();
        }
      }
    });
    ctx.restore();
  }

  function axis(label, font) {
    return {
      stroke: () => css("--muted"),
      font: `12px ${font}`,
      labelFont: `12px ${font}`,
      label,
      labelSize: label ? 20 : 0,
      gap: 6,
      ticks: { show: false },
      values: (plot, splits) => splits.map(tick),
    };
  }

  function options(chart, laid, width, height, onCursor) {
    const font = getComputedStyle(document.body).fontFamily;
    const lines = { stroke: () => css("--grid"), width: 1 };
    const strip = chart.strip.length > 0 ? 9 * chart.strip.length + 8 : 0;
    return {
      width,
      height: height + strip,
      padding: [strip + 8, 12, 0, 0],
      legend: { show: false },
      series: laid.series,
      focus: { alpha: 0.25 },
      scales: {
        // A run of a single epoch has no width of its own.
        x: { time: false, range: (plot, low, high) => (low === high ? [low - 0.5, high + 0.5] : [low, high]) },
        y: {
          range: (plot, low, high) => {
            if (low === null) {
              return [0, 1];
            }
            const room = high > low ? 0.05 * (high - low) : 0.05 * (Math.abs(high) || 1);
            // A loss that hardly falls, there or in the stretch that is shown, would be a flat line above 0.
            const zero = chart.baseline === "zero" || (chart.baseline === "near-zero" && low <= high / 2);
            return [zero ? Math.min(0, low) : low - room, high + room];
          },
        },
      },
      axes: [
        // Half an epoch is no place on the axis.
        { ...axis(chart.xLabel, font), size: 30, grid: { show: false }, space: 60, incrs: WHOLE },
        { ...axis(null, font), size: 48, grid: lines, space: 32 },
      ],
      cursor: {
        y: false,
        drag: { x: true, y: false, dist: 6 },
        // The line under the pointer, and a stretch that is drawn, stand where there are values.
        move: (plot, left, top) => [left < 0 ? left : plot.valToPos(plot.data[0][plot.posToIdx(left)], "x"), top],
        points: { size: 7, fill: (plot, index) => laid.series[index].stroke(), stroke: () => css("--card") },
      },
      hooks: { setCursor: [onCursor], draw: [(plot) => drawStrip(chart, plot)] },
    };
  }

  function legend(laid, chart, onToggle) {
    const place = element("caption");
    const body = element("tbody");
    const cells = laid.curves.map((curve) => {
      const swatch = element("span", { className: `swatch d${curve.dash}`, ariaHidden: "true" });
      swatch.style.setProperty("--run", `var(${curve.colour})`);
      const button = element("button", { type: "button", title: `Hide or show ${curve.label}` }, swatch);
      button.append(element("span", { className: "name", textContent: curve.label }));
      button.setAttribute("aria-pressed", "true");
      button.addEventListener("click", () => {
        curve.shown = !curve.shown;
        button.setAttribute("aria-pressed", String(curve.shown));
        onToggle(curve);
      });
      const cell = element("td", { className: "n" });
      const heading = element("th", { scope: "row" }, button);
      body.append(element("tr", {}, heading, cell));
      return cell;
    });
    const headings = element("tr", {}, element("th", { scope: "col", textContent: "Curve" }));
    headings.append(element("th", { scope: "col", className: "n", textContent: "Value" }));
    const table = element("table", { className: "legend" }, place, element("thead", {}, headings), body);
    const show = (index) => {
      const x = index === null ? null : laid.values[0][index];
      place.textContent = x === null ? "At the end" : `At ${chart.xLabel} ${tick(x)}`;
      laid.curves.forEach((curve, at) => {
        const values = curve.mean === null ? null : laid.values[curve.mean];
        cells[at].textContent = values === null ? "–" : number(index === null ? last(values) : reading(values, index), chart.decimals);
      });
      return `${place.textContent}: ${laid.curves.map(({ label }, at) => `${label} ${cells[at].textContent}`).join(", ")}`;
    };
    return { table, show };
  }

  // The numbers as a table, built when it is opened; a long curve gives about a hundred rows.
  function numbers(chart, laid) {
    const details = element("details", { className: "numbers" }, element("summary", { textContent: "Show as table" }));
    details.addEventListener("toggle", () => {
      if (!details.open || details.children.length > 1) {
        return;
      }
      const head = element("tr", {}, element("th", { scope: "col", className: "n", textContent: chart.xLabel }));
      laid.curves.forEach(({ label }) => head.append(element("th", { scope: "col", className: "n", textContent: label })));
      const body = element("tbody");
      const xs = laid.values[0];
      const step = Math.max(1, Math.ceil(xs.length / 100));
      for (let index = 0; index < xs.length; index += step) {
        const row = element("tr", {}, element("th", { scope: "row", className: "n", textContent: tick(xs[index]) }));
        for (const { mean } of laid.curves) {
          const value = mean === null ? null : laid.values[mean][index];
          row.append(element("td", { className: "n", textContent: number(value, chart.decimals) }));
        }
        body.append(row);
      }
      const table = element("table", { className: "dense" }, element("thead", {}, head), body);
      const scroll = element("div", { className: "scroll", tabIndex: 0 }, table);
      scroll.setAttribute("role", "region");
      scroll.setAttribute("aria-label", `${chart.title}: values`);
      details.append(scroll);
    });
    return details;
  }

  // Arrow keys move the reading, + and − zoom around it, Escape shows everything again.
  function keyboard(frame, plot, announce, reset) {
    const xs = plot.data[0];
    frame.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) {
        return; // The browser's own.
      }
      const at = plot.cursor.idx ?? xs.length - 1;
      const { min, max } = plot.scales.x;
      const jump = Math.max(1, Math.round(xs.length / 100));
      const target = { ArrowRight: at + jump, ArrowLeft: at - jump, Home: 0, End: xs.length - 1 }[event.key];
      if (target !== undefined) {
        const index = Math.min(xs.length - 1, Math.max(0, target));
        plot.setCursor({ left: plot.valToPos(xs[index], "x"), top: plot.over.clientHeight / 2 });
        announce();
      } else if (event.key === "+" || event.key === "-") {
        const half = ((max - min) * (event.key === "+" ? 0.25 : 1)) || 1;
        plot.setScale("x", { min: Math.max(xs[0], xs[at] - half), max: Math.min(xs[xs.length - 1], xs[at] + half) });
      } else if (event.key === "Escape") {
        reset();
      } else {
        return;
      }
      event.preventDefault();
    });
  }

  // A finger that moves over the chart reads values; the library itself listens to the mouse.
  function touch(plot) {
    plot.over.addEventListener("pointermove", (event) => {
      if (event.pointerType === "touch") {
        const box = plot.over.getBoundingClientRect();
        plot.setCursor({ left: event.clientX - box.left, top: event.clientY - box.top });
      }
    });
  }

  const plots = [];

  function build(figure, chart) {
    const laid = lay(chart);
    const frame = element("div", { className: "frame", tabIndex: 0 });
    frame.setAttribute("role", "group");
    frame.setAttribute("aria-label", `${chart.description} Arrow keys read values, plus and minus zoom, Escape shows all.`);
    const spoken = element("p", { className: "spoken" });
    spoken.setAttribute("aria-live", "polite");
    const reset = element("button", { type: "button", className: "quiet reset", textContent: "Show all", disabled: true });
    let plot = null;
    const { table, show } = legend(laid, chart, (curve) => {
      curve.series.forEach((index) => plot.setSeries(index, { show: curve.shown }));
    });
    const label = element("div", { className: "axis" }, element("span", { textContent: chart.yLabel }), reset);
    const side = element("div", { className: "side" }, table);
    if (chart.curves.some(({ series }) => data.series[series].seeds.length > 0)) {
      side.append(element("p", { className: "note", textContent: "Thin lines are single seeds, bold ones their mean." }));
    }
    const live = element("div", { className: "chart" }, element("div", { className: "main" }, label, frame), side);
    figure.querySelector("h4").after(live);

    const whole = figure.classList.contains("whole");
    // Beside a long legend stands a high chart.
    const high = Math.min(640, Math.max(380, 22 * chart.curves.length));
    const size = () => ({ width: Math.max(200, frame.clientWidth), height: whole && frame.clientWidth > 480 ? high : 260 });
    const { width, height } = size();
    const settings = options(chart, laid, width, height, (each) => show(each.cursor.idx ?? null));
    settings.hooks.setScale = [
      (each, scale) => {
        const xs = each.data[0];
        const { min, max } = each.scales.x;
        if (scale === "x") {
          reset.disabled = min <= xs[0] && max >= xs[xs.length - 1];
        }
      },
    ];
    plot = new uPlot(settings, laid.values, frame);
    const all = () => {
      const xs = plot.data[0];
      plot.setScale("x", { min: xs[0], max: xs[xs.length - 1] });
    };
    reset.addEventListener("click", all);
    show(null);
    figure.querySelector("figcaption").append(numbers(chart, laid), spoken);
    keyboard(frame, plot, () => (spoken.textContent = show(plot.cursor.idx ?? null)), all);
    touch(plot);
    figure.classList.add("live");
    const strip = settings.height - height;
    new ResizeObserver(() => {
      if (frame.clientWidth > 0 && frame.clientWidth !== plot.width) {
        const now = size();
        plot.setSize({ width: now.width, height: now.height + strip });
      }
    }).observe(frame);
    plots.push(plot);
  }

  function buildVisible() {
    for (const chart of data.charts) {
      const figure = document.getElementById(chart.name);
      if (figure && !figure.dataset.built && figure.offsetParent !== null) {
        figure.dataset.built = "yes";
        try {
          build(figure, chart);
        } catch (error) {
          figure.querySelector(".chart")?.remove();
          console.error(`The chart ${chart.name} could not be built:`, error);
        }
      }
    }
  }

  document.addEventListener("panelchange", buildVisible);
  document.addEventListener("themechange", () => plots.forEach((plot) => plot.redraw(false, true)));
})();
