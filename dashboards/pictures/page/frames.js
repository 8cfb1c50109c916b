// From an answer of Prometheus to Grafana's data frames, as its Prometheus data source makes them: one frame for each
// series, or for format "table" one frame with a column for each label.
import { FieldType } from '@grafana/data';

const METRIC_NAME = '__name__';
const number = (text) => Number(text.replace(/^([+-])Inf$/, '$1Infinity'));
const samplesOf = (series) => series.values ?? [series.value];

/** Return the frames of all answers of a panel. */
export function framesOf(answers) {
  const tables = answers.filter((answer) => answer.format === 'table');
  return answers.flatMap((answer) =>
    answer.format === 'table' ? tableOf(answer, tables.length > 1) : answer.series.map((series) => lineOf(answer, series))
  );
}

function lineOf(answer, series) {
  const samples = samplesOf(series);
  const { [METRIC_NAME]: metric, ...labels } = series.metric;
  const name = nameOf(answer, series.metric);
  return {
    refId: answer.refId,
    name,
    meta: { type: 'timeseries-multi' },
    length: samples.length,
    fields: [
      {
        name: 'Time',
        type: FieldType.time,
        config: answer.stepMs ? { interval: answer.stepMs } : {},
        values: samples.map(([seconds]) => Math.round(seconds * 1000)),
      },
      {
        name: metric && !name ? metric : 'Value',
        type: FieldType.number,
        labels,
        config: name ? { displayNameFromDS: name } : {},
        values: samples.map(([, text]) => number(text)),
      },
    ],
  };
}

/** Return the legend, or nothing where Grafana makes a name of the labels. */
function nameOf(answer, metric) {
  if (answer.legend !== '__auto') {
    return answer.legend.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => metric[label] ?? '');
  }
  return Object.keys(metric).length === 0 ? answer.expression : undefined;
}

function tableOf(answer, severalTables) {
  const rows = answer.series.flatMap((series) =>
    samplesOf(series).map(([seconds, text]) => ({ seconds, text, metric: series.metric }))
  );
  const labels = [...new Set(answer.series.flatMap((series) => Object.keys(series.metric)))].sort();
  return [
    {
      refId: answer.refId,
      meta: { preferredVisualisationType: 'table' },
      length: rows.length,
      fields: [
        {
          name: 'Time',
          type: FieldType.time,
          config: {},
          values: rows.map((row) => Math.round(row.seconds * 1000)),
        },
        ...labels.map((label) => ({
          name: label,
          type: FieldType.string,
          config: { filterable: true },
          values: rows.map((row) => row.metric[label] ?? ''),
        })),
        {
          name: severalTables ? `Value #${answer.refId}` : 'Value',
          type: FieldType.number,
          config: {},
          values: rows.map((row) => number(row.text)),
        },
      ],
    },
  ];
}
