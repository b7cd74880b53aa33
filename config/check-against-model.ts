import { formatPath } from './config-error';
import type { ConfigFault, ConfigPath } from './config-error';
import type { ConfigText } from './config-text';
import { quote } from './quote';
import { ruleLabelPaths } from './rule-paths';
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
    // Which of its own labels a camera means is not known while one of them is wrong.
    const shared = faults.length > 0 ? labels : reported;
    const ofRules = ruleLabelPaths(config, id).flatMap((path) => faultsOf(source, path, labels, shared));
    return [...faults, ...ofRules];
  });
}

/** Of labels that the model does not know, and of known ones that the camera does not report. */
function faultsOf(
  { config, locate, isUnread }: LabelsSource,
  list: ConfigPath,
  labels: readonly string[],
  reported: readonly string[] = labels,
): ConfigFault[] {
  const wanted = valueAt(config, list);
  if (!Array.isArray(wanted)) return [];
  const known = new Set(labels);
  const counted = new Set(reported);
  return wanted.flatMap((label: unknown, index) => {
    if (typeof label !== 'string' || label === '' || counted.has(label)) return [];
    const path = [...list, index];
    if (isUnread?.(path)) return [];
    const possible = known.has(label) ? reported : labels;
    const meant = known.has(label) ? undefined : suggest(label, labels);
    const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
    const why = known.has(label) ? ', as the labels of the camera are' : '';
    return [
      {
        path: formatPath(path),
        ...locate(path),
        message: `expected one of ${shown(possible)}${why}, got ${quote(label)}${hint}`,
      },
    ];
  });
}

function shown(labels: readonly string[]): string {
  return labels.slice(0, MOST_LABELS_SHOWN).join(', ') + (labels.length > MOST_LABELS_SHOWN ? ', …' : '');
}
