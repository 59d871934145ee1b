export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** A line of a benchmark's table; `reach` and `holds` null where nothing was promised. */
export function row(line: {
  name: string;
  value: number;
  unit: string;
  against?: string;
  ratio?: number;
  reach?: number;
  holds?: boolean;
}): object {
  const { name, value, unit, against = null, ratio, reach = null, holds = null } = line;
  return {
    name,
    value: Number(value.toFixed(2)),
    unit,
    against,
    ...(ratio === undefined ? {} : { ratio: Number(ratio.toFixed(2)) }),
    reach,
    holds,
  };
}
