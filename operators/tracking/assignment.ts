/** Solves assignments, keeping its working memory from call to call. */
export interface AssignmentSolver {
  /**
   * The partial one-to-one assignment of rows to columns with the least sum of `cost - limit` over its pairs: a pair is
   * made only where that is better than leaving both alone. Pairs above `limit` (Infinity included) are never made.
   *
   * `cost` is row-major, `rows * columns` numbers, none NaN. Writes each row's column, or -1, to `columnOf`.
   */
  solve(cost: Float64Array, rows: number, columns: number, limit: number, columnOf: Int32Array): void;
}

/**
 * An exact solver by shortest augmenting paths, O(rows² · columns) (Jonker, Volgenant 1987; Crouse 2016 for rectangles).
 *
 * "Left alone" is a column of its own for each row at cost `limit`; such a column can only ever be reached from its row, so
 * it needs no memory: it is a second way for a path to end. Equal optima: the same input always gives the same one.
 */
export function createAssignmentSolver(): AssignmentSolver {
  let rowPrice = new Float64Array(0);
  let columnPrice = new Float64Array(0);
  let distance = new Float64Array(0);
  let rowOf = new Int32Array(0);
  let cameFrom = new Int32Array(0);
  let isDone = new Uint8Array(0);
  let uses = new Int32Array(0);

  function reserve(rows: number, columns: number): void {
    if (rowPrice.length < rows) rowPrice = new Float64Array(rows * 2);
    if (columnPrice.length >= columns) return;
    columnPrice = new Float64Array(columns * 2);
    distance = new Float64Array(columns * 2);
    rowOf = new Int32Array(columns * 2);
    cameFrom = new Int32Array(columns * 2);
    isDone = new Uint8Array(columns * 2);
    uses = new Int32Array(columns * 2);
  }

  /** After gating most frames leave at most one candidate a row and a column: then there is nothing to choose. */
  function solveWithoutChoice(
    cost: Float64Array,
    rows: number,
    columns: number,
    limit: number,
    columnOf: Int32Array,
  ): boolean {
    uses.fill(0, 0, columns);
    for (let row = 0; row < rows; row++) {
      let only = -1;
      for (let column = 0; column < columns; column++) {
        if (cost[row * columns + column]! > limit) continue;
        if (only >= 0 || uses[column]! > 0) return false;
        only = column;
        uses[column] = 1;
      }
      columnOf[row] = only;
    }
    return true;
  }

  /** Finds the cheapest way to place one more row, moving others along it. */
  function augment(
    cost: Float64Array,
    first: number,
    columns: number,
    limit: number,
    columnOf: Int32Array,
  ): void {
    distance.fill(Infinity, 0, columns);
    isDone.fill(0, 0, columns);
    let row = first;
    let reached = 0;
    let alone = limit - rowPrice[first]!;
    let aloneRow = first;
    let end = -1;

    for (;;) {
      let nearest = -1;
      for (let column = 0; column < columns; column++) {
        if (isDone[column] === 1) continue;
        const pairCost = cost[row * columns + column]!;
        if (pairCost <= limit) {
          const through = reached + pairCost - rowPrice[row]! - columnPrice[column]!;
          if (through < distance[column]!) {
            distance[column] = through;
            cameFrom[column] = row;
          }
        }
        if (distance[column]! < (nearest < 0 ? Infinity : distance[nearest]!)) nearest = column;
      }
      if (nearest < 0 || distance[nearest]! >= alone) break;
      reached = distance[nearest]!;
      isDone[nearest] = 1;
      if (rowOf[nearest]! < 0) {
        end = nearest;
        break;
      }
      row = rowOf[nearest]!;
      const givingUp = reached + limit - rowPrice[row]!;
      if (givingUp < alone) {
        alone = givingUp;
        aloneRow = row;
      }
    }

    const total = end < 0 ? alone : reached;
    rowPrice[first] = rowPrice[first]! + total;
    for (let column = 0; column < columns; column++) {
      if (isDone[column] === 0 || column === end) continue;
      const slack = total - distance[column]!;
      rowPrice[rowOf[column]!] = rowPrice[rowOf[column]!]! + slack;
      columnPrice[column] = columnPrice[column]! - slack;
    }

    if (end < 0 && aloneRow === first) return;
    let lastColumn = end < 0 ? columnOf[aloneRow]! : end;
    if (end < 0) columnOf[aloneRow] = -1;
    for (;;) {
      const owner = cameFrom[lastColumn]!;
      const next = columnOf[owner]!;
      rowOf[lastColumn] = owner;
      columnOf[owner] = lastColumn;
      if (owner === first) return;
      lastColumn = next;
    }
  }

  return {
    solve(cost, rows, columns, limit, columnOf) {
      if (rows === 0) return;
      if (columns === 0) {
        columnOf.fill(-1, 0, rows);
        return;
      }
      reserve(rows, columns);
      if (solveWithoutChoice(cost, rows, columns, limit, columnOf)) return;
      columnOf.fill(-1, 0, rows);
      rowOf.fill(-1, 0, columns);
      rowPrice.fill(0, 0, rows);
      columnPrice.fill(0, 0, columns);
      for (let row = 0; row < rows; row++) augment(cost, row, columns, limit, columnOf);
    },
  };
}
