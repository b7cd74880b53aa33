import { cameraId } from '../../../models/domain/frame';
import type { DetectFrame } from '../../../models/domain/frame';
import type { Outcome } from '../../../models/domain/observation';
import { createCreditScheduler } from '../../../workers/dispatch/credit-scheduler';
import type { CreditScheduler, Ticket } from '../../../workers/dispatch/credit-scheduler';
import { ticketOf } from '../../support/tickets';

/** One recorded camera, whose frames say by themselves when they expire and whether they are alone. */
function camera(scheduler: CreditScheduler, id: string) {
  const channel = scheduler.open({
    cameraId: cameraId(id),
    mode: 'recorded',
    inFlight: 100,
    maxLatencyMs: 0,
  });
  let seq = 0;
  return (choices: Pick<DetectFrame, 'isAlone' | 'deadlineMs'> = {}) => {
    const outcomes: Outcome[] = [];
    const { frame } = ticketOf({ camera: id, seq: seq++ });
    channel.offer({ ...frame, ...choices }, (outcome) => outcomes.push(outcome));
    return outcomes;
  };
}

const names = (tickets: readonly Ticket[]) =>
  tickets.map(({ frame: { info } }) => `${info.cameraId}${info.seq}`);

describe('a scheduler of frames that are to be alone', () => {
  it('gives such a frame a batch of its own, and loses no other frame of its camera or of others', () => {
    const scheduler = createCreditScheduler({ credits: 100 });
    const [a, b] = [camera(scheduler, 'a'), camera(scheduler, 'b')];
    a();
    a({ isAlone: true });
    a();
    b();
    b();
    const batches = Array.from({ length: 4 }, () => names(scheduler.takeBatch(8, 0)));
    expect(batches.filter((batch) => batch.includes('a1'))).toEqual([['a1']]);
    expect(batches.flat().sort()).toEqual(['a0', 'a1', 'a2', 'b0', 'b1']);
    expect(batches[0]).toEqual(['a0', 'b0', 'b1']);
  });
});

describe('a scheduler of frames with deadlines of their own', () => {
  it('expires them when they are taken too late, whatever the mode of their camera', () => {
    const scheduler = createCreditScheduler({ credits: 100 });
    const send = camera(scheduler, 'a');
    const [late, inTime] = [send({ deadlineMs: 99 }), send({ deadlineMs: 100 })];
    const [ticket, ...others] = scheduler.takeBatch(8, 100);
    expect(others).toEqual([]);
    expect(ticket).toMatchObject({ deadlineMs: 100 });
    expect([late, inTime]).toEqual([[{ kind: 'expired' }], []]);
  });

  it('expires those that wait, when it is asked to, and keeps the others in order', () => {
    const scheduler = createCreditScheduler({ credits: 100 });
    const send = camera(scheduler, 'a');
    const sent = [send(), send({ deadlineMs: 50 }), send({ deadlineMs: 150 }), send({ deadlineMs: 60 })];
    scheduler.expireWaiting(100);
    expect(sent.map((outcomes) => outcomes.length)).toEqual([0, 1, 0, 1]);
    expect(names(scheduler.takeBatch(8, 100))).toEqual(['a0', 'a2']);
    scheduler.expireWaiting(100);
    expect(scheduler.takeable).toBe(0);
  });
});
