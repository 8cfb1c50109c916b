// The page: the dashboard's head and its panels on Grafana's grid, in the dark theme. It reads window.scene and, when
// everything stands still, sets window.report: {texts: what each panel says by its id, complaints, remarks}.
import '@fontsource/inter/latin-400.css';
import '@fontsource/inter/latin-500.css';
import '@fontsource/roboto-mono/latin-400.css';

import { createTheme, dateTime, setTimeZoneResolver, ThemeContext } from '@grafana/data';
import { GlobalStyles, Icon, PanelChrome } from '@grafana/ui';
import { createRoot } from 'react-dom/client';

import { configured, fieldConfigOf } from './fields.js';
import { framesOf } from './frames.js';
import { remarksOn } from './remarks.js';
import { missingIn, VISUALIZATIONS } from './visualizations.jsx';

const CELL_HEIGHT = 30;
const GAP = 8;
const COLUMNS = 24;
const HEAD_HEIGHT = 84;

const theme = createTheme({ colors: { mode: 'dark' } });
setTimeZoneResolver(() => 'utc');

/** Return where a panel goes, in pixels, as Grafana's grid places it. */
function placed({ x, y, w, h }, width) {
  const column = (width - GAP * 2 - GAP * (COLUMNS - 1)) / COLUMNS;
  return {
    left: GAP + x * (column + GAP),
    top: HEAD_HEIGHT + y * (CELL_HEIGHT + GAP),
    width: w * column + (w - 1) * GAP,
    height: h * CELL_HEIGHT + (h - 1) * GAP,
  };
}

const nameOf = (panel) => `panel ${panel.id} '${panel.title}'`;

async function prepared(panel) {
  const fieldConfig = fieldConfigOf(panel);
  const errors = panel.answers.map((answer) => answer.error).filter(Boolean);
  try {
    const frames = await configured(framesOf(panel.answers), panel, fieldConfig, theme);
    return { panel, fieldConfig, frames, fault: errors[0], missing: missingIn(panel, frames) };
  } catch (error) {
    return { panel, fieldConfig, frames: [], fault: error.message, missing: undefined };
  }
}

function Head({ scene, timeRange }) {
  const pill = {
    display: 'flex',
    alignItems: 'center',
    height: 32,
    padding: '0 8px',
    gap: 8,
    borderRadius: theme.shape.radius.default,
    border: `1px solid ${theme.colors.border.weak}`,
    background: theme.colors.background.primary,
    fontSize: theme.typography.bodySmall.fontSize,
  };
  const day = dateTime(timeRange.from).utc().format('YYYY-MM-DD HH:mm:ss');
  return (
    <div style={{ position: 'absolute', left: GAP, right: GAP, top: 0, height: HEAD_HEIGHT }}>
      <div style={{ display: 'flex', alignItems: 'center', height: 40, fontSize: 18, fontWeight: 500 }}>
        <span style={{ flex: 1 }}>{scene.title}</span>
        <span style={{ ...pill, fontWeight: 400 }}>
          <Icon name="clock-nine" />
          {day} to {dateTime(timeRange.to).utc().format('HH:mm:ss')} UTC
        </span>
      </div>
      <div style={{ display: 'flex', gap: GAP }}>
        {scene.variables.map(({ label, text }) => (
          <span key={label} style={pill}>
            <b style={{ fontWeight: 500 }}>{label}</b> <span style={{ color: theme.colors.text.secondary }}>{text}</span>
          </span>
        ))}
        {scene.annotations.map(({ name, color, regions }) => (
          <span key={name} style={{ ...pill, border: 'none', background: 'none' }}>
            <span style={{ width: 10, height: 3, background: theme.visualization.getColorByName(color) }} />
            {name} <span style={{ color: theme.colors.text.secondary }}>{regions.length}</span>
          </span>
        ))}
        <span style={{ flex: 1 }} />
        {scene.links.map((title) => (
          <span key={title} style={pill}>
            <Icon name="external-link-alt" /> {title}
          </span>
        ))}
      </div>
    </div>
  );
}

function Row({ panel, place }) {
  return (
    <div style={{ position: 'absolute', ...place, display: 'flex', alignItems: 'center', gap: 8, fontSize: 18, fontWeight: 500 }}>
      <Icon name="angle-down" />
      {panel.title}
    </div>
  );
}

function Panel({ prepared: { panel, frames, fieldConfig, fault, missing }, place, timeRange, annotations }) {
  const Visualization = VISUALIZATIONS[panel.type];
  const bare = panel.transparent ? 'transparent' : 'default';
  return (
    <div style={{ position: 'absolute', ...place }} data-panel-id={panel.id} data-panel={nameOf(panel)}>
      <PanelChrome
        title={panel.title}
        description={panel.description}
        width={place.width}
        height={place.height}
        displayMode={bare}
        padding={panel.type === 'table' ? 'none' : 'md'}
        statusMessage={fault}
      >
        {(width, height) =>
          fault || missing ? (
            <Nothing error={fault} reason={missing === 'no data' ? 'No data' : missing} width={width} height={height} />
          ) : (
            <Visualization {...{ panel, frames, fieldConfig, theme, timeRange, annotations, width, height }} />
          )
        }
      </PanelChrome>
    </div>
  );
}

function Nothing({ error, reason, width, height }) {
  const color = error ? theme.colors.error.text : theme.colors.text.secondary;
  return (
    <div style={{ width, height, display: 'flex', alignItems: 'center', justifyContent: 'center', color, fontSize: 16 }}>
      {error ?? reason}
    </div>
  );
}

function Board({ scene, panels, timeRange }) {
  const places = panels.map(({ panel }) => placed(panel.gridPos, scene.width));
  const height = Math.max(...places.map((place) => place.top + place.height)) + GAP;
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div style={{ position: 'relative', width: scene.width, height, background: theme.colors.background.canvas }}>
        <Head scene={scene} timeRange={timeRange} />
        {panels.map((each, index) =>
          each.panel.type === 'row' ? (
            <Row key={index} panel={each.panel} place={places[index]} />
          ) : (
            <Panel key={index} prepared={each} place={places[index]} timeRange={timeRange} annotations={scene.annotations} />
          )
        )}
      </div>
    </ThemeContext.Provider>
  );
}

/** Wait until nothing has changed for a while: a table or an axis measures itself more than once. */
async function stillness(root) {
  const quietMilliseconds = 500;
  await new Promise((resolve) => {
    let timer = setTimeout(resolve, quietMilliseconds);
    new MutationObserver(() => {
      clearTimeout(timer);
      timer = setTimeout(resolve, quietMilliseconds);
    }).observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
  });
}

const textOf = (root, panel) => root.querySelector(`[data-panel-id="${panel.id}"]`).innerText;

async function main() {
  const { scene } = window;
  const from = dateTime(scene.fromMs);
  const to = dateTime(scene.toMs);
  const timeRange = { from, to, raw: { from, to } };
  // Canvas measures and draws text at once: the fonts must be there before the first graph.
  await Promise.all(['400 12px Inter', '500 12px Inter', '400 12px "Roboto Mono"'].map((font) => document.fonts.load(font)));
  const panels = await Promise.all(scene.panels.map(prepared));
  const root = document.getElementById('board');
  createRoot(root).render(<Board scene={scene} panels={panels} timeRange={timeRange} />);
  await stillness(root);
  const drawn = panels.filter(({ panel }) => panel.type !== 'row');
  window.report = {
    texts: Object.fromEntries(drawn.map(({ panel }) => [panel.id, textOf(root, panel)])),
    complaints: [
      ...drawn
        .filter(({ fault, missing }) => fault || missing)
        .map(({ panel, fault, missing }) => `${nameOf(panel)}: ${fault ?? missing}`),
      ...scene.annotations.filter(({ error }) => error).map(({ name, error }) => `annotation '${name}': ${error}`),
    ],
    remarks: remarksOn(root),
  };
}

main();
