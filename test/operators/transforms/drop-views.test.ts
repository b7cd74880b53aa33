import { from } from 'rxjs';
import { dropViews } from '../../../operators/transforms/drop-views';
import { frameInfo, viewFrame } from '../../support/frames';
import { itObeysOperatorLaws } from '../../support/operator-laws';

interface Other {
  readonly kind: 'other';
}
const OTHER: Other = { kind: 'other' };

describe('dropViews', () => {
  itObeysOperatorLaws(() => dropViews<Other>(() => true), [OTHER, viewFrame()]);

  it('gives back the views that nobody wants, and passes on the rest', () => {
    const [wanted, unwanted] = [viewFrame(frameInfo({ seq: 1 })), viewFrame(frameInfo({ seq: 2 }))];
    const passed: unknown[] = [];
    from([OTHER, unwanted, wanted])
      .pipe(dropViews<Other>((view) => view.info.seq === 1))
      .subscribe((item) => passed.push(item));
    expect(passed).toEqual([OTHER, wanted]);
    expect([wanted.isReleased(), unwanted.isReleased()]).toEqual([false, true]);
  });
});
