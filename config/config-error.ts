import { PipelineError } from '../models/domain/errors';

/** Where something stands in the file; both count from 1. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** One thing wrong with a configuration. */
export interface ConfigFault extends Partial<TextPosition> {
  /** Such as `cameras.front.labels[1]`; empty for the file as a whole. */
  readonly path: string;
  /** `expected …, got …`, without secrets. */
  readonly message: string;
}

/** Keys and indexes from the root to a value. */
export type ConfigPath = readonly (string | number)[];

/** A path for people: `cameras.front.labels[1]`. */
export function formatPath(path: ConfigPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[\w-]+$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** One line of a fault: `cameras.yaml:12:5: cameras.front.maxFps: expected …, got …`. */
export function formatFault(fault: ConfigFault, fileName?: string): string {
  const { path, line, column, message } = fault;
  const place = [fileName, line, column].filter((part) => part !== undefined).join(':');
  return [place, path, message].filter((part) => part !== '').join(': ');
}

/** Faults in the order of the file; those of the file as a whole first. */
export function inOrder(faults: readonly ConfigFault[]): readonly ConfigFault[] {
  return [...faults].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

/** Everything wrong with a configuration at once, in the order of the file. */
export class ConfigError extends PipelineError {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[], fileName?: string) {
    const sorted = inOrder(faults);
    const lines = sorted.map((fault) => formatFault(fault, fileName));
    super('config', sorted.length === 1 ? lines.join('') : `${sorted.length} faults\n${lines.join('\n')}`);
    this.name = 'ConfigError';
    this.faults = sorted;
  }
}
