/** A Vega-Lite specification as one inline SVG: no script, no link, colours from the page, read aloud as one picture. */
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { html } from '../../workflows/shared/encode/html.ts';
import { type Markup, trusted } from './markup.ts';

const font = 'ui-sans-serif, system-ui, sans-serif';
const config = {
  aria: false,
  background: 'transparent',
  font,
  view: { stroke: null },
  axis: {
    domainColor: 'var(--line)',
    gridColor: 'var(--line)',
    gridOpacity: 0.7,
    labelColor: 'var(--quiet)',
    labelFontSize: 12,
    tickColor: 'var(--line)',
    titleColor: 'var(--quiet)',
    titleFontSize: 12,
    titleFontWeight: 'normal',
    titlePadding: 10,
  },
} as const;

/** `description` says in words what the picture shows. */
export async function drawChart(spec: TopLevelSpec, description: string): Promise<Markup> {
  const compiled = compile({ ...spec, config: { ...config, ...spec.config } }, { logger: silent }).spec;
  const view = new View(parse(compiled), { renderer: 'none' });
  try {
    const svg = await view.toSVG();
    return trusted(
      svg.replace(/^<svg [^>]*viewBox="([\d. -]+)"[^>]*>/, (_all, box: string) => opening(box, description)),
    );
  } finally {
    view.finalize();
  }
}

function opening(viewBox: string, description: string): string {
  const [, , width = '600', height = '200'] = viewBox.split(' ');
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${html(description)}" width="${width}" height="${height}" viewBox="${viewBox}">`;
}

const silent = {
  level: () => silent,
  error: () => silent,
  warn: () => silent,
  info: () => silent,
  debug: () => silent,
} as never;
