import { formatPath } from './config-error';
import type { ConfigFault } from './config-error';
import { quote } from './quote';
import { suggest } from './suggest';
import type { LoadedConfig } from './validate';

const MOST_LABELS_SHOWN = 20;

/** Faults that only show once the model is known: labels it cannot detect. */
export function checkAgainstModel(
  { config, locate }: LoadedConfig,
  labels: readonly string[],
): ConfigFault[] {
  const known = new Set(labels);
  const shown =
    labels.slice(0, MOST_LABELS_SHOWN).join(', ') + (labels.length > MOST_LABELS_SHOWN ? ', …' : '');
  return Object.entries(config.cameras).flatMap(([id, camera]) =>
    (camera.labels ?? []).flatMap((label, index) => {
      if (known.has(label)) return [];
      const path = ['cameras', id, 'labels', index];
      const meant = suggest(label, labels);
      const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
      return [
        {
          path: formatPath(path),
          ...locate(path),
          message: `expected one of ${shown}, got ${quote(label)}${hint}`,
        },
      ];
    }),
  );
}
