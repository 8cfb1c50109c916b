// One component for each type of panel: what Grafana's panel plug-ins do around the components of @grafana/ui.
import {
  FieldType,
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  renderTextPanelMarkdown,
  VizOrientation,
} from '@grafana/data';
import { BarGauge, BigValue, Table, TimeSeries, VizRepeater } from '@grafana/ui';

import { replaceVariables } from './fields.js';
import { addMarks } from './marks.js';

function valuesOf({ panel, frames, fieldConfig, theme }, sparkline) {
  const { calcs = ['lastNotNull'], fields = '', values = false, limit } = panel.options?.reduceOptions ?? {};
  return getFieldDisplayValues({
    data: frames,
    fieldConfig,
    reduceOptions: { calcs, fields, values, limit },
    replaceVariables,
    sparkline,
    theme,
    timeZone: 'utc',
  });
}

function Stat(props) {
  const { panel, frames, width, height, theme, timeRange, fieldConfig } = props;
  const options = panel.options ?? {};
  const graphMode = options.graphMode ?? 'area';
  const { textMode = 'auto' } = options;
  const isNamed = Boolean(fieldConfig.defaults.displayName || !panel.title);
  return (
    <VizRepeater
      source={frames}
      width={width}
      height={height}
      itemSpacing={3}
      orientation={options.orientation ?? VizOrientation.Auto}
      getValues={() => valuesOf(props, graphMode !== 'none')}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, width, height, alignmentFactors, count }) => (
        <BigValue
          value={value.display}
          count={count}
          sparkline={value.sparkline && { ...value.sparkline, timeRange }}
          colorMode={options.colorMode ?? 'value'}
          graphMode={graphMode}
          justifyMode={options.justifyMode ?? 'auto'}
          textMode={textMode === 'auto' && isNamed ? 'value_and_name' : textMode}
          wideLayout={options.wideLayout ?? true}
          text={options.text}
          alignmentFactors={alignmentFactors}
          width={width}
          height={height}
          theme={theme}
        />
      )}
    />
  );
}

function Bars(props) {
  const { panel, frames, width, height, theme } = props;
  const options = panel.options ?? {};
  const displayMode = options.displayMode ?? 'gradient';
  return (
    <VizRepeater
      source={frames}
      width={width}
      height={height}
      itemSpacing={displayMode === 'lcd' ? 2 : 10}
      minVizWidth={options.minVizWidth ?? 8}
      minVizHeight={options.minVizHeight ?? 16}
      maxVizHeight={options.maxVizHeight ?? 300}
      orientation={options.orientation ?? VizOrientation.Auto}
      getValues={() => valuesOf(props, false)}
      getAlignmentFactors={(values) => getDisplayValueAlignmentFactors(values)}
      renderValue={({ value, width, height, orientation, alignmentFactors, count }) => (
        <BarGauge
          value={count === 1 && !value.field.displayName ? { ...value.display, title: undefined } : value.display}
          field={value.field}
          display={value.view?.getFieldDisplayProcessor(value.colIndex)}
          displayMode={displayMode}
          valueDisplayMode={options.valueMode ?? 'color'}
          namePlacement={options.namePlacement ?? 'auto'}
          showUnfilled={options.showUnfilled ?? true}
          text={options.text}
          alignmentFactors={alignmentFactors}
          orientation={orientation}
          width={width}
          height={height}
          theme={theme}
        />
      )}
    />
  );
}

function Graph({ panel, frames, width, height, theme, timeRange, annotations }) {
  const legend = { displayMode: 'list', placement: 'bottom', calcs: [], showLegend: true, ...panel.options?.legend };
  return (
    <TimeSeries frames={finite(frames)} width={width} height={height} timeRange={timeRange} timeZone="utc" legend={legend}>
      {(config) => <Marks config={config} annotations={annotations} theme={theme} />}
    </TimeSeries>
  );
}

const marked = new WeakSet();

function Marks({ config, annotations, theme }) {
  if (!marked.has(config)) {
    marked.add(config);
    addMarks(config, annotations, theme);
  }
  return null;
}

/** A graph has a gap where a value is no number. */
function finite(frames) {
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) =>
      field.type === FieldType.number
        ? { ...field, values: field.values.map((value) => (Number.isFinite(value) ? value : null)) }
        : field
    ),
  }));
}

function Grid({ panel, frames, width, height, timeRange, fieldConfig }) {
  const options = panel.options ?? {};
  return (
    <Table
      data={frames[0]}
      width={width}
      height={height}
      noHeader={options.showHeader === false}
      initialSortBy={options.sortBy}
      cellHeight={options.cellHeight ?? 'sm'}
      showTypeIcons={false}
      timeRange={timeRange}
      fieldConfig={fieldConfig}
    />
  );
}

function Text({ panel }) {
  const { mode = 'markdown', content = '' } = panel.options ?? {};
  const html = mode === 'markdown' ? renderTextPanelMarkdown(content) : content;
  return <div className="markdown-html" dangerouslySetInnerHTML={{ __html: html }} />;
}

export const VISUALIZATIONS = { stat: Stat, bargauge: Bars, timeseries: Graph, table: Grid, text: Text };

/** Return what is missing from a panel that ought to show data, or nothing. */
export function missingIn(panel, frames) {
  if (panel.type === 'text') {
    return undefined;
  }
  if (!(panel.type in VISUALIZATIONS)) {
    return `panels of type ${panel.type} are not drawn`;
  }
  if (panel.repeat) {
    return 'repeated panels are not drawn';
  }
  const values = frames.flatMap((frame) =>
    frame.fields.filter((field) => field.type === FieldType.number).flatMap((field) => field.values)
  );
  if (panel.type === 'table' && frames.length > 1) {
    return 'a table shows one frame, and there are several: merge them';
  }
  if (!values.some((value) => value !== null && value !== undefined)) {
    return 'no data';
  }
  return values.every((value) => value === null || value === undefined || Number.isNaN(value)) ? 'only NaN' : undefined;
}
