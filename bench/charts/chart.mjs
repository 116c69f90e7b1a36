// Charts as SVG files, by Observable Plot in a document that linkedom makes. One look for all of them: a heading, a legend in a line
// below it, the plot, a note of what was measured on what.

import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** Told apart by readers who do not see red and green, and in print (Okabe and Ito, 2008). */
export const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];

const FONT = 'system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif';
const INK = '#24292f';
const MARGIN = 16;
const HEAD = 76;
const FOOT = 30;

/**
 * @param title of the whole; `subtitle` below it, `note` below the plot.
 * @param legend pairs of a colour and what it stands for.
 * @param plot options of `Plot.plot`, with width and height; or a list of them, drawn side by side.
 * @returns the text of an SVG file.
 */
export function chart({ title, subtitle, legend, note, plot }) {
  const plots = [plot].flat();
  const width = plots.reduce((sum, { width }) => sum + width, 2 * MARGIN);
  const height = Math.max(...plots.map(({ height }) => height)) + HEAD + FOOT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family='${FONT}' fill="${INK}">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    text(MARGIN, 26, title, 'font-size="17" font-weight="600"'),
    text(MARGIN, 45, subtitle, 'font-size="12.5" fill="#57606a"'),
    ...legendMarks(legend, 65),
    ...drawn(plots),
    text(MARGIN, height - 12, note, 'font-size="11" fill="#57606a"'),
    '</svg>\n',
  ].join('\n');
}

/** From left to right. */
function drawn(plots) {
  const { document } = parseHTML('<html><body></body></html>');
  let x = MARGIN;
  return plots.map((plot) => {
    const inner = Plot.plot({ ...plot, document, style: { fontFamily: FONT, fontSize: '12px', color: INK } });
    inner.setAttribute('x', x);
    inner.setAttribute('y', HEAD);
    inner.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
    x += plot.width;
    return inner.outerHTML;
  });
}

function legendMarks(legend, y) {
  let x = MARGIN;
  return legend.flatMap(({ color, label }) => {
    const at = x;
    x += 44 + 6.6 * label.length;
    return [
      `<line x1="${at}" x2="${at + 22}" y1="${y - 4}" y2="${y - 4}" stroke="${color}" stroke-width="2.5"/>`,
      `<circle cx="${at + 11}" cy="${y - 4}" r="3.2" fill="${color}"/>`,
      text(at + 28, y, label, 'font-size="12.5"'),
    ];
  });
}

function text(x, y, content, attributes) {
  return `<text x="${x}" y="${y}" ${attributes}>${escaped(content)}</text>`;
}

function escaped(content) {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
