// Annotations in a graph, as Grafana draws them: a dashed line and a foot for a moment, a shade between two for a stretch.

/** Draw the annotations into a graph that is being configured. */
export function addMarks(config, annotations, theme) {
  config.addHook('draw', (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height + 6);
    ctx.clip();
    for (const { color, regions } of annotations) {
      const shade = theme.visualization.getColorByName(color);
      for (const [from, to] of regions) {
        const start = plot.valToPos(from, 'x', true);
        const end = plot.valToPos(to, 'x', true);
        line(ctx, bbox, start, shade);
        if (end - start > 1) {
          line(ctx, bbox, end, shade);
          ctx.globalAlpha = 0.1;
          ctx.fillRect(start, bbox.top, end - start, bbox.height);
          ctx.globalAlpha = 1;
          ctx.fillRect(start, bbox.top + bbox.height, end - start, 5);
        } else {
          foot(ctx, bbox, start);
        }
      }
    }
    ctx.restore();
  });
}

function line(ctx, bbox, x, shade) {
  ctx.fillStyle = ctx.strokeStyle = shade;
  ctx.lineWidth = 1;
  ctx.setLineDash([5, 5]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
}

function foot(ctx, bbox, x) {
  const bottom = bbox.top + bbox.height;
  ctx.beginPath();
  ctx.moveTo(x, bottom);
  ctx.lineTo(x - 4, bottom + 6);
  ctx.lineTo(x + 4, bottom + 6);
  ctx.fill();
}
