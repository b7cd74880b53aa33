import type { PipelineError } from '../../models/domain/errors';
import { hideCredentials } from '../../models/domain/redact';
import type { FoundBox, TrueBox } from './boxes';
import { judge } from './judge';
import type { LabelCurves } from './judge-label';
import type { LabelMatch } from './match-labels';
import { bestPoint, mergeRankings, pointAt } from './operating-points';
import type { OperatingPoint } from './operating-points';
import { summarize } from './summary';
import type { Summary } from './summary';

/** What one label, or all of them, came to. */
export interface Judgement extends Summary {
  /** Objects that count, and regions of many that only excuse what is found in them. */
  readonly objects: number;
  readonly crowds: number;
  /** At the score from which a detection counts unless a camera says otherwise. */
  readonly atDefault: OperatingPoint;
  /** At the threshold with the best F1; null where nothing right was found. */
  readonly bestF1: OperatingPoint | null;
}

/** What `sightline evaluate` prints: all numbers from 0 to 1, at overlaps as COCO has them; null: there is no such object. */
export interface EvaluationReport {
  readonly v: 1;
  readonly model: { readonly name: string; readonly sha256: string; readonly input: string };
  readonly provider: string | undefined;
  readonly data: string;
  readonly images: string;
  /** Pictures that were judged, of those in the file, and what could not be. */
  readonly pictures: number;
  readonly picturesInFile: number;
  readonly failed: readonly { readonly file: string; readonly error: string }[];
  /** Lowest score of a detection that was looked at. */
  readonly floor: number;
  readonly defaultThreshold: number;
  readonly all: Judgement;
  readonly labels: readonly ({
    readonly label: string;
    readonly categories: readonly string[];
  } & Judgement)[];
  readonly leftOut: LabelMatch['leftOut'];
  /** What is odd about the data, in sentences. */
  readonly remarks: readonly string[];
}

export interface ReportOptions extends Pick<
  EvaluationReport,
  | 'model'
  | 'provider'
  | 'data'
  | 'images'
  | 'pictures'
  | 'picturesInFile'
  | 'floor'
  | 'defaultThreshold'
  | 'remarks'
> {
  readonly failed: readonly { readonly file: string; readonly error: PipelineError }[];
  readonly match: LabelMatch;
  readonly truths: readonly TrueBox[];
  readonly found: readonly FoundBox[];
}

/** Judges what was found against what is there. */
export function evaluationReport({
  failed,
  match,
  truths,
  found,
  ...facts
}: ReportOptions): EvaluationReport {
  const curves = judge({ labels: match.labels.length, truths, found });
  const crowdsOf = (label: number) => truths.filter((truth) => truth.label === label && truth.isCrowd).length;
  const { defaultThreshold } = facts;
  return {
    v: 1,
    ...facts,
    failed: failed.map(({ file, error }) => ({ file: hideCredentials(file), error: error.message })),
    all: judgementOf(curves, truths.filter(({ isCrowd }) => isCrowd).length, defaultThreshold),
    labels: match.labels.map((label, index) => ({
      label,
      categories: match.categoriesOf[index]!.map(({ name }) => name),
      ...judgementOf([curves[index]!], crowdsOf(index), defaultThreshold),
    })),
    leftOut: match.leftOut,
  };
}

/** `objects[0]` counts those of every size. */
function judgementOf(curves: readonly LabelCurves[], crowds: number, threshold: number): Judgement {
  const objects = curves.reduce((sum, label) => sum + label.objects[0]!, 0);
  const ranking = mergeRankings(curves.map((label) => label.ranking));
  return {
    objects,
    crowds,
    ...summarize(curves),
    atDefault: pointAt(threshold, ranking, objects),
    bestF1: bestPoint(ranking, objects) ?? null,
  };
}
