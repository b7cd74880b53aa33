import type { EvaluationReport, Judgement } from '../evaluation/report';
import type { OperatingPoint } from '../evaluation/operating-points';
import { printable } from './printable';
import { textTable } from './text-table';

const MOST_NAMES = 12;

/** A report for people: a row a label in per cent, then all labels, then what was left out and what is odd. */
export function describeEvaluation(report: EvaluationReport): string {
  const { model, pictures, picturesInFile, floor, defaultThreshold, all, labels, leftOut } = report;
  const of = pictures === picturesInFile ? '' : ` of ${picturesInFile}`;
  const heading =
    `${model.name} (${model.input}${report.provider === undefined ? '' : `, ${report.provider}`}) on ${pictures}${of} pictures ` +
    `of ${report.data}, scores from ${floor}`;
  const columns = ['objects', 'AP', 'AP50', 'AP75', 'small', 'medium', 'large', 'AR100'];
  const points = [`P at ${defaultThreshold}`, 'R', 'best F1', 'at', 'P', 'R'];
  const rows = [
    ['label', ...columns, ...points],
    ...labels.map((label) => rowOf(printable(label.label), label)),
    rowOf('all', all),
  ];
  return [
    printable(heading),
    '',
    textTable(rows),
    '',
    `Per cent. AP over overlaps of 50 to 95 %; P and R, precision and recall, at an overlap of 50 %. AR with 1, 10 and 100 boxes a label and picture: ${[all.ar1, all.ar10, all.ar100].map(percent).join(', ')}.`,
    ...(leftOut.categories.length > 0 ? [`Categories without a label: ${namesOf(leftOut.categories)}.`] : []),
    ...(leftOut.labels.length > 0 ? [`Labels without a category: ${namesOf(leftOut.labels)}.`] : []),
    ...report.remarks.map(printable),
  ].join('\n');
}

function rowOf(name: string, one: Judgement): readonly string[] {
  const { bestF1 } = one;
  return [
    name,
    String(one.objects),
    ...[one.ap, one.ap50, one.ap75, one.apSmall, one.apMedium, one.apLarge, one.ar100].map(percent),
    ...pointOf(one.atDefault),
    percent(bestF1?.f1 ?? null),
    bestF1 === null ? '-' : bestF1.threshold.toFixed(2),
    ...(bestF1 === null ? ['-', '-'] : pointOf(bestF1)),
  ];
}

const pointOf = ({ precision, recall }: OperatingPoint) => [percent(precision), percent(recall)];

const percent = (value: number | null) => (value === null ? '-' : (value * 100).toFixed(1));

function namesOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return printable(names.slice(0, MOST_NAMES).join(', ')) + (more > 0 ? ` and ${more} more` : '');
}
