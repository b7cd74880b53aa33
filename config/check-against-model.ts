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

/** Faults that only show once the model is known: labels it cannot detect. Passes over whatever is no list of texts. */
export function checkAgainstModel(
  { config, locate, isUnread }: LabelsSource,
  labels: readonly string[],
): ConfigFault[] {
  const known = new Set(labels);
  const shown =
    labels.slice(0, MOST_LABELS_SHOWN).join(', ') + (labels.length > MOST_LABELS_SHOWN ? ', …' : '');
  return keysOf(valueAt(config, ['cameras'])).flatMap((id) => {
    const wanted = valueAt(config, ['cameras', id, 'labels']);
    if (!Array.isArray(wanted)) return [];
    return wanted.flatMap((label: unknown, index) => {
      if (typeof label !== 'string' || label === '' || known.has(label)) return [];
      const path = ['cameras', id, 'labels', index];
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
  });
}
