import { formatPath } from './config-error';
import type { ConfigFault } from './config-error';
import type { ConfigText } from './config-text';
import { quote } from './quote';
import { keysOf, valueAt } from './schema-tree';
import { suggest } from './suggest';
import type { LoadedConfig } from './validate';

const MOST_LABELS_SHOWN = 20;

/** A configuration that may have other faults: what was written, and where. */
export interface LabelsSource extends Pick<LoadedConfig, 'locate'> {
  readonly config: unknown;
  /** As of a ConfigText. */
  readonly isUnread?: ConfigText['isUnread'];
}

/**
 * Faults that only show once the model is known: labels it cannot detect, of cameras and of their rules; and labels of a rule
 * that its camera leaves out. Passes over whatever is no list of texts.
 */
export function checkAgainstModel(source: LabelsSource, labels: readonly string[]): ConfigFault[] {
  const { config } = source;
  return keysOf(valueAt(config, ['cameras'])).flatMap((id) => {
    const own = ['cameras', id, 'labels'];
    const wanted = valueAt(config, own);
    const faults = faultsOf(source, own, labels);
    const reported = Array.isArray(wanted) ? labels.filter((label) => wanted.includes(label)) : labels;
    const ofRules = rulesIn(config, id).flatMap((path) => {
      const unknown = faultsOf(source, path, labels);
      return unknown.length > 0 || faults.length > 0 ? unknown : faultsOf(source, path, reported);
    });
    return [...faults, ...ofRules];
  });
}

type Path = readonly (string | number)[];

/** Where the rules of a camera name labels. */
function rulesIn(config: unknown, id: string): readonly Path[] {
  const named = ['zones', 'lines'].flatMap((kind) =>
    keysOf(valueAt(config, ['cameras', id, kind])).map((name) => ['cameras', id, kind, name, 'labels']),
  );
  return [...named, ['cameras', id, 'stationary', 'labels']];
}

function faultsOf(
  { config, locate, isUnread }: LabelsSource,
  list: Path,
  labels: readonly string[],
): ConfigFault[] {
  const wanted = valueAt(config, list);
  if (!Array.isArray(wanted)) return [];
  const known = new Set(labels);
  const shown =
    labels.slice(0, MOST_LABELS_SHOWN).join(', ') + (labels.length > MOST_LABELS_SHOWN ? ', …' : '');
  return wanted.flatMap((label: unknown, index) => {
    if (typeof label !== 'string' || label === '' || known.has(label)) return [];
    const path = [...list, index];
    if (isUnread?.(path)) return [];
    const meant = suggest(label, labels);
    const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
    return [
      {
        path: formatPath(path),
        ...locate(path),
        message: `expected one of ${shown}, got ${quote(label)}${hint}`,
      },
    ];
  });
}
