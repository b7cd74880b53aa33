import { createAssignmentSolver } from '../../../operators/tracking/assignment';

const solver = createAssignmentSolver();

/**
 * The one-to-one assignment with the greatest sum of values; each row's column, or -1. Only pairs of a positive value are made.
 * `values` is row-major.
 */
export function assignMost(values: Float64Array, rows: number, columns: number): Int32Array {
  const columnOf = new Int32Array(rows).fill(-1);
  if (rows > 0 && columns > 0)
    solver.solve(
      values.map((value) => -value),
      rows,
      columns,
      -Number.MIN_VALUE,
      columnOf,
    );
  return columnOf;
}
