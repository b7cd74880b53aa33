import { filter } from 'rxjs';
import type { OperatorFunction } from 'rxjs';
import type { ViewFrame } from '../../models/domain/frame';

/** Anything else that travels with them. */
interface Other {
  readonly kind: string;
}

/** Takes the views that nobody behind it wants out of a stream, and gives back their holds. No state; errors pass on. */
export function dropViews<T extends Other>(
  isWanted: (view: ViewFrame) => boolean,
): OperatorFunction<T | ViewFrame, T | ViewFrame> {
  return (source) =>
    source.pipe(
      filter((item) => {
        if (!isView(item) || isWanted(item)) return true;
        item.lease.release();
        return false;
      }),
    );
}

const isView = (item: Other): item is ViewFrame => item.kind === 'view';
