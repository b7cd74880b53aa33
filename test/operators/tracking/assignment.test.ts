import fc from 'fast-check';
import { createAssignmentSolver } from '../../../operators/tracking/assignment';

const solver = createAssignmentSolver();

function solve(
  rows: readonly (readonly number[])[],
  limit: number,
  columns = rows[0]?.length ?? 0,
): number[] {
  const columnOf = new Int32Array(rows.length).fill(7);
  solver.solve(Float64Array.from(rows.flat()), rows.length, columns, limit, columnOf);
  return [...columnOf];
}

/** Sum of cost - limit over the pairs. */
function gain(rows: readonly (readonly number[])[], limit: number, columnOf: readonly number[]): number {
  return columnOf.reduce((sum, column, row) => (column < 0 ? sum : sum + rows[row]![column]! - limit), 0);
}

/** The best gain by trying everything. */
function bestGain(
  rows: readonly (readonly number[])[],
  limit: number,
  row = 0,
  taken = new Set<number>(),
): number {
  const costs = rows[row];
  if (costs === undefined) return 0;
  let best = bestGain(rows, limit, row + 1, taken);
  for (const [column, cost] of costs.entries()) {
    if (cost > limit || taken.has(column)) continue;
    taken.add(column);
    best = Math.min(best, cost - limit + bestGain(rows, limit, row + 1, taken));
    taken.delete(column);
  }
  return best;
}

/** Matrices of up to 6 by 6 with ties and closed pairs. */
const matrix = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
  .chain(([rows, columns]) =>
    fc.array(
      fc.array(
        fc.oneof(
          fc.integer({ min: 0, max: 12 }).map((n) => n / 8),
          fc.constant(Infinity),
        ),
        {
          minLength: columns,
          maxLength: columns,
        },
      ),
      { minLength: rows, maxLength: rows },
    ),
  );

describe('the assignment solver', () => {
  it.each([
    { name: 'no rows', rows: [], limit: 1, expected: [] },
    { name: 'no columns', rows: [[], []], limit: 1, expected: [-1, -1] },
    {
      name: 'nothing within the limit',
      rows: [
        [2, 3],
        [2, Infinity],
      ],
      limit: 1,
      expected: [-1, -1],
    },
    {
      name: 'one candidate each',
      rows: [
        [9, 0.2],
        [0.1, 9],
      ],
      limit: 1,
      expected: [1, 0],
    },
    {
      name: 'a greedy trap',
      rows: [
        [0.1, 0.2],
        [0.2, 0.9],
      ],
      limit: 1,
      expected: [1, 0],
    },
    { name: 'two rows for one column', rows: [[0.5], [0.4]], limit: 1, expected: [-1, 0] },
    { name: 'two columns for one row', rows: [[0.5, 0.4]], limit: 1, expected: [1] },
    {
      name: 'a pair not worth moving another',
      rows: [
        [0.1, 0.95],
        [0.1, 9],
        [9, 9],
      ],
      limit: 1,
      expected: [1, 0, -1],
    },
  ])('solves $name', ({ rows, limit, expected }) => {
    expect(solve(rows, limit)).toEqual(expected);
  });

  it('finds an optimum, as trying everything does', () => {
    fc.assert(
      fc.property(matrix, fc.integer({ min: 0, max: 12 }), (rows, eighths) => {
        const limit = eighths / 8;
        const columnOf = solve(rows, limit);
        const used = columnOf.filter((column) => column >= 0);
        expect(new Set(used).size).toBe(used.length);
        for (const [row, column] of columnOf.entries()) {
          if (column >= 0) expect(rows[row]![column]).toBeLessThanOrEqual(limit);
        }
        expect(gain(rows, limit, columnOf)).toBe(bestGain(rows, limit));
      }),
      { numRuns: 2000 },
    );
  });

  it('gives the same answer after solving something larger in between', () => {
    const small = [
      [0.5, 0.5],
      [0.5, 0.5],
    ];
    const before = solve(small, 1);
    solve(
      Array.from({ length: 40 }, (_row, row) =>
        Array.from({ length: 50 }, (_column, column) => ((row * 7 + column * 3) % 11) / 11),
      ),
      1,
    );
    expect(solve(small, 1)).toEqual(before);
  });
});
