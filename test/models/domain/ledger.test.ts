import fc from 'fast-check';
import { createLedger, missedFrames } from '../../../models/domain/ledger';
import type { LedgerEntry } from '../../../models/domain/ledger';
import type { Outcome } from '../../../models/domain/observation';

const outcome = fc.constantFrom<Outcome>(
  { kind: 'detected', detections: [] },
  { kind: 'expired' },
  { kind: 'dropped', reason: 'superseded' },
  { kind: 'dropped', reason: 'stopped' },
  { kind: 'failed', code: 'worker_lost' },
);

const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);
const accounted = (entry: LedgerEntry) =>
  entry.detected + entry.expired + sum(entry.dropped) + sum(entry.failed) + entry.inFlight;

describe('createLedger', () => {
  it('accounts for every frame at any moment', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.option(outcome)), { maxLength: 60 }), (frames) => {
        const ledger = createLedger();
        for (const [epoch, settled] of frames) {
          ledger.receive(epoch);
          if (settled !== null) ledger.settle(epoch, settled);
          expect(accounted(ledger.total())).toBe(ledger.total().received);
        }
        expect(ledger.total().inFlight).toBe(frames.filter(([, settled]) => settled === null).length);
      }),
    );
  });

  it('counts drops and failures by their reason', () => {
    const ledger = createLedger();
    for (let i = 0; i < 3; i++) ledger.receive(0);
    ledger.settle(0, { kind: 'dropped', reason: 'superseded' });
    ledger.settle(0, { kind: 'dropped', reason: 'superseded' });
    ledger.settle(0, { kind: 'failed', code: 'inference' });
    expect(ledger.epoch(0)).toMatchObject({
      dropped: { superseded: 2 },
      failed: { inference: 1 },
      inFlight: 0,
    });
  });

  it('forgets old epochs one by one, and nothing of the sums', () => {
    const ledger = createLedger();
    for (let epoch = 0; epoch < 1000; epoch++) ledger.receive(epoch);
    expect(ledger.epoch(0)).toBeUndefined();
    expect(ledger.epoch(999)).toMatchObject({ received: 1 });
    ledger.settle(0, { kind: 'expired' });
    expect(ledger.total()).toMatchObject({ received: 1000, expired: 1, inFlight: 999 });
  });

  it('gives out copies', () => {
    const ledger = createLedger();
    const before = ledger.total();
    ledger.receive(0);
    expect(before.received).toBe(0);
  });

  it('tells how many frames were missed, not counting those in which nothing moved', () => {
    const ledger = createLedger();
    for (const reason of ['gated', 'gated', 'superseded', 'no_slot'] as const)
      ledger.settle(0, { kind: 'dropped', reason });
    ledger.settle(0, { kind: 'expired' });
    ledger.settle(0, { kind: 'failed', code: 'worker_lost' });
    ledger.settle(0, { kind: 'detected', detections: [] });
    expect(missedFrames(ledger.total())).toBe(3);
  });
});
