// What a board consists of, in Grafana's own types: of the version the boards are written for, and of the newest.
import type { Dashboard as Oldest } from "@grafana/schema/dist/esm/raw/dashboard/x/dashboard_types.gen";
import type { Options as StatOptions } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type {
  FieldConfig as TableFields,
  Options as TableOptions,
} from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type {
  FieldConfig as GraphFields,
  Options as GraphOptions,
} from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";
import type { Dashboard as Newest } from "grafana-schema-13/dist/types/raw/dashboard/x/types.gen";

export interface Board {
  oldest: Oldest;
  newest: Newest;
  stat: StatOptions[];
  table: TableOptions[];
  table_fields: Partial<TableFields>[];
  timeseries: GraphOptions[];
  timeseries_fields: GraphFields[];
}
