// What a panel's JSON says of its fields, put onto the frames by Grafana itself: transformations, then units,
// thresholds, colours, mappings and overrides. Grafana's application registers these; here there is no application.
import {
  applyFieldOverrides,
  displayNameOverrideProcessor,
  FieldConfigOptionsRegistry,
  FieldType,
  getFieldDisplayName,
  identityOverrideProcessor,
  numberOverrideProcessor,
  standardTransformers,
  standardTransformersRegistry,
  transformDataFrame,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';

standardTransformersRegistry.setInit(() =>
  [...new Set(Object.values(standardTransformers))].map((transformation) => ({
    id: transformation.id,
    name: transformation.name,
    transformation,
    editor: null,
  }))
);

const ofNumbers = (field) => field.type === FieldType.number;
const ofAll = () => true;
const PROPERTIES = [
  { id: 'unit', shouldApply: ofAll },
  { id: 'min', shouldApply: ofNumbers, process: numberOverrideProcessor },
  { id: 'max', shouldApply: ofNumbers, process: numberOverrideProcessor },
  { id: 'fieldMinMax', shouldApply: ofNumbers },
  { id: 'decimals', shouldApply: ofNumbers, process: numberOverrideProcessor },
  { id: 'displayName', shouldApply: ofAll, process: displayNameOverrideProcessor, settings: { expandTemplateVars: true } },
  { id: 'noValue', shouldApply: ofAll },
  { id: 'color', shouldApply: ofAll },
  { id: 'thresholds', shouldApply: ofNumbers },
  { id: 'mappings', shouldApply: ofAll },
  { id: 'links', shouldApply: ofAll },
  { id: 'filterable', shouldApply: ofAll },
];

// What Grafana's own panels assume where the JSON says nothing.
const DEFAULTS = {
  timeseries: {
    color: { mode: 'palette-classic' },
    custom: {
      drawStyle: 'line',
      lineInterpolation: 'linear',
      lineWidth: 1,
      fillOpacity: 0,
      gradientMode: 'none',
      showPoints: 'auto',
      pointSize: 5,
      spanNulls: false,
      barAlignment: 0,
      barWidthFactor: 0.6,
      axisPlacement: 'auto',
      scaleDistribution: { type: 'linear' },
      stacking: { mode: 'none', group: 'A' },
      thresholdsStyle: { mode: 'off' },
      hideFrom: { tooltip: false, viz: false, legend: false },
    },
  },
  table: { custom: { align: 'auto', cellOptions: { type: 'auto' } } },
};
const THRESHOLDS = { mode: 'absolute', steps: [{ value: null, color: 'green' }, { value: 80, color: 'red' }] };

/** Return the panel's field configuration, complete. */
export function fieldConfigOf(panel) {
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
  const assumed = DEFAULTS[panel.type] ?? {};
  return {
    defaults: {
      ...assumed,
      ...defaults,
      color: defaults.color ?? assumed.color ?? { mode: 'thresholds' },
      thresholds: fromMinusInfinity(defaults.thresholds ?? THRESHOLDS),
      custom: { ...assumed.custom, ...defaults.custom },
    },
    overrides: overrides.map((override) => ({
      ...override,
      properties: override.properties.map((property) =>
        property.id === 'thresholds' ? { ...property, value: fromMinusInfinity(property.value) } : property
      ),
    })),
  };
}

/** JSON has no infinity: the first step's null is one. */
function fromMinusInfinity(thresholds) {
  return { ...thresholds, steps: thresholds.steps.map((step) => ({ ...step, value: step.value ?? -Infinity })) };
}

/** Return the frames as a visualization gets them. */
export async function configured(frames, panel, fieldConfig, theme) {
  const transformed = await lastValueFrom(transformDataFrame(panel.transformations ?? [], frames));
  return applyFieldOverrides({
    data: transformed,
    fieldConfig,
    fieldConfigRegistry: registryOf(fieldConfig),
    replaceVariables,
    theme,
    timeZone: 'utc',
  });
}

function registryOf({ defaults, overrides }) {
  const used = overrides.flatMap((override) => override.properties.map((property) => property.id));
  const custom = new Set([
    ...Object.keys(defaults.custom).map((name) => `custom.${name}`),
    ...used.filter((id) => id.startsWith('custom.')),
  ]);
  return new FieldConfigOptionsRegistry(() => [
    ...PROPERTIES.map((property) => ({ name: property.id, path: property.id, process: identityOverrideProcessor, ...property })),
    ...[...custom].map((id) => ({
      id,
      name: id,
      path: id.slice('custom.'.length),
      isCustom: true,
      process: identityOverrideProcessor,
      shouldApply: ofAll,
    })),
  ]);
}

/** Replace what only a field knows: its name and its labels. The dashboard's variables are replaced already. */
export function replaceVariables(text, scopedVars = {}) {
  const { field, frame, data } = scopedVars.__dataContext?.value ?? {};
  if (!field) {
    return text;
  }
  return text
    .replace(/\$\{__field\.labels\.(\w+)\}/g, (_, label) => field.labels?.[label] ?? '')
    .replace(/\$\{__field\.name\}/g, field.name)
    .replace(/\$\{__(?:field\.displayName|series\.name)\}/g, () => getFieldDisplayName(field, frame, data));
}
