import fc from 'fast-check';
import type { PixelReference } from '../../../workers/wire/job';
import type { FrameReply, ReplyKind } from '../../../workers/wire/reply';
import { REPLY_KINDS } from '../../../workers/wire/reply';
import { createOutstanding } from '../../../workers/queue/outstanding';
import type { OutstandingFrame, OutstandingJob } from '../../../workers/queue/outstanding';
import { ticketOf } from '../../support/tickets';
import type { TestTicket } from '../../support/tickets';

const DETECTION = { label: 'person', score: 0.5, box: [1, 2, 3, 4] as const };

function table() {
  const abandoned: string[] = [];
  const discarded: PixelReference[] = [];
  const poisoned: OutstandingFrame[] = [];
  let jobs = 0;
  let pixels = 0;
  const outstanding = createOutstanding({
    createJobId: () => `job-${++jobs}`,
    onDiscard: (reference) => discarded.push(reference),
    onAbandoned: ({ id }) => abandoned.push(id),
    onPoison: (frame) => poisoned.push(frame),
    graceMs: 1000,
    resubmitMs: 10_000,
  });
  /** Sends frames as the port does, their pixels placed. */
  function send(frames: readonly OutstandingFrame[], nowMs = 0): OutstandingJob {
    const job = outstanding.open(frames, nowMs);
    for (const frame of frames) frame.pixels = { store: 'redis', number: ++pixels };
    outstanding.sent(job, nowMs);
    return job;
  }
  function sendNew(tickets: readonly TestTicket[], nowMs = 0): OutstandingJob {
    return send(outstanding.add(tickets), nowMs);
  }
  /** The next attempt, as the port makes it; undefined when there is none. */
  function sendRetry(nowMs = 0): OutstandingJob | undefined {
    const frame = outstanding.takeRetry();
    return frame && send([frame], nowMs);
  }
  const answer = (ticket: TestTicket, attempt: number, kind: ReplyKind, nowMs = 0) =>
    outstanding.answer(replyTo(ticket, attempt, kind), nowMs);
  return { outstanding, abandoned, discarded, poisoned, send, sendNew, sendRetry, answer };
}

function replyTo({ frame: { info } }: TestTicket, attempt: number, kind: ReplyKind): FrameReply {
  const { cameraId, segment, seq } = info;
  const detections = kind === 'detected' ? [DETECTION] : [];
  return { camera: cameraId, epoch: segment.epoch, seq, attempt, kind, detections };
}

describe('createOutstanding', () => {
  it('settles a frame with its detections once, and ignores the same answer again', () => {
    const { outstanding, sendNew, answer, discarded } = table();
    const ticket = ticketOf();
    sendNew([ticket]);
    expect(answer(ticket, 1, 'detected')).toBe(true);
    expect(answer(ticket, 1, 'detected')).toBe(false);
    expect(ticket.outcomes).toEqual([{ kind: 'detected', detections: [DETECTION] }]);
    expect(discarded).toHaveLength(1);
    expect(outstanding).toMatchObject({ frames: 0, jobs: 0 });
  });

  it('ignores what became of an earlier attempt, and answers of another camera, epoch or frame', () => {
    const { outstanding, sendNew, sendRetry, answer } = table();
    const ticket = ticketOf();
    sendNew([ticket]);
    answer(ticket, 1, 'missing');
    sendRetry();
    for (const kind of REPLY_KINDS.filter((one) => one !== 'detected')) {
      expect(answer(ticket, 1, kind)).toBe(false);
    }
    for (const other of [{ camera: 'b' as never }, { epoch: 8 }, { seq: 1 }]) {
      expect(outstanding.answer({ ...replyTo(ticket, 2, 'detected'), ...other }, 0)).toBe(false);
    }
    expect(ticket.outcomes).toEqual([]);
    expect(answer(ticket, 2, 'detected')).toBe(true);
    expect(ticket.outcomes).toHaveLength(1);
  });

  it('gives up a frame that cost the detector twice while alone, and none of those that were beside it', () => {
    const { sendNew, sendRetry, answer, poisoned } = table();
    const poison = ticketOf({ seq: 3 });
    const innocents = [0, 1, 2].map((seq) => ticketOf({ seq }));
    sendNew([...innocents, poison]);
    for (const ticket of [...innocents, poison]) answer(ticket, 1, 'lost');
    for (const ticket of innocents) {
      sendRetry();
      answer(ticket, 2, 'detected');
    }
    sendRetry();
    answer(poison, 2, 'lost');
    sendRetry();
    answer(poison, 3, 'lost');
    expect(poison.outcomes).toEqual([{ kind: 'failed', code: 'poison' }]);
    expect(poisoned).toMatchObject([{ attempt: 3, losses: 2 }]);
    for (const { outcomes } of innocents) expect(outcomes).toMatchObject([{ kind: 'detected' }]);
  });

  it('takes what an earlier attempt detected, whether the next one is out or still to come', () => {
    const { outstanding, sendNew, sendRetry, answer, abandoned } = table();
    const [waiting, sent] = [0, 1].map((seq) => ticketOf({ seq }));
    sendNew([sent!]);
    answer(sent!, 1, 'missing');
    sendRetry();
    sendNew([waiting!]);
    answer(waiting!, 1, 'missing');
    for (const ticket of [waiting!, sent!]) {
      expect(answer(ticket, 1, 'detected')).toBe(true);
      expect(ticket.outcomes).toMatchObject([{ kind: 'detected' }]);
      expect(answer(ticket, 2, 'detected')).toBe(false);
    }
    expect(outstanding).toMatchObject({ frames: 0, jobs: 0, hasRetry: false });
    expect(abandoned).toEqual(['job-2']);
  });

  it('lets every frame travel alone after its first attempt', () => {
    const { outstanding, sendNew, answer } = table();
    const tickets = [0, 1].map((seq) => ticketOf({ seq }));
    sendNew(tickets);
    for (const ticket of tickets) answer(ticket, 1, 'returned');
    expect(outstanding.hasRetry).toBe(true);
    expect(outstanding.takeRetry()).toMatchObject({ attempt: 2 });
    expect(outstanding.takeRetry()).toMatchObject({ attempt: 2 });
    expect(outstanding.takeRetry()).toBeUndefined();
  });

  it('settles a live frame whose answer is overdue, and takes the job back when it was the last', () => {
    const { outstanding, sendNew, abandoned, answer } = table();
    const early = ticketOf({ seq: 0, deadlineMs: 500 });
    const late = ticketOf({ seq: 1, deadlineMs: 600 });
    sendNew([early, late]);
    outstanding.expire(1500);
    expect(early.outcomes).toEqual([]);
    outstanding.expire(1501);
    expect([early.outcomes, late.outcomes]).toEqual([[{ kind: 'expired' }], []]);
    expect(abandoned).toEqual([]);
    outstanding.expire(1601);
    expect(late.outcomes).toEqual([{ kind: 'expired' }]);
    expect(abandoned).toEqual(['job-1']);
    expect(answer(late, 1, 'detected')).toBe(false);
    expect(outstanding).toMatchObject({ frames: 0, jobs: 0 });
  });

  it('expires a live frame that would have to be tried again after its deadline', () => {
    const { sendNew, answer, outstanding } = table();
    const ticket = ticketOf({ deadlineMs: 500 });
    sendNew([ticket]);
    answer(ticket, 1, 'missing', 501);
    expect(ticket.outcomes).toEqual([{ kind: 'expired' }]);
    expect(outstanding.hasRetry).toBe(false);
  });

  it('counts a job that is on its way until Redis has it, and takes it back then', () => {
    const { outstanding, abandoned } = table();
    const ticket = ticketOf({ deadlineMs: 0 });
    const job = outstanding.open(outstanding.add([ticket]), 0);
    outstanding.expire(2000);
    expect(outstanding).toMatchObject({ frames: 0, jobs: 1 });
    expect(abandoned).toEqual([]);
    outstanding.sent(job, 2000);
    expect(abandoned).toEqual([job.id]);
    expect(outstanding.jobs).toBe(0);
  });

  it('takes an answer that overtakes the confirmation of its job', () => {
    const { outstanding, abandoned, answer } = table();
    const ticket = ticketOf();
    const job = outstanding.open(outstanding.add([ticket]), 0);
    expect(answer(ticket, 1, 'detected')).toBe(true);
    outstanding.sent(job, 0);
    expect(outstanding).toMatchObject({ frames: 0, jobs: 0 });
    expect(abandoned).toEqual([]);
  });

  it('tries again what could not be handed to Redis', () => {
    const { outstanding } = table();
    const tickets = [0, 1].map((seq) => ticketOf({ seq }));
    outstanding.failed(outstanding.open(outstanding.add(tickets), 0), 0);
    expect(outstanding).toMatchObject({ frames: 2, jobs: 0, hasRetry: true });
    expect(outstanding.takeRetry()).toMatchObject({ attempt: 2 });
  });

  it('asks after recorded jobs that are silent, each once in its time, and never after live ones', () => {
    const { outstanding, sendNew } = table();
    const job = sendNew([ticketOf()], 0);
    sendNew([ticketOf({ camera: 'b', deadlineMs: 100 })], 0);
    expect(outstanding.silent(9999)).toEqual([]);
    expect(outstanding.silent(10_000)).toEqual([job]);
    expect(outstanding.silent(19_999)).toEqual([]);
    outstanding.resolveSilent(job, 'waiting', 0);
    expect(outstanding).toMatchObject({ frames: 2, hasRetry: false });
  });

  it('sends again what a silent worker had begun, and gives it up after five such workers', () => {
    const { outstanding, sendNew, sendRetry, poisoned, abandoned } = table();
    const ticket = ticketOf();
    outstanding.resolveSilent(sendNew([ticket]), 'begun', 0);
    expect(abandoned).toEqual(['job-1']);
    for (let silence = 0; silence < 5; silence++) {
      expect(ticket.outcomes).toEqual([]);
      outstanding.resolveSilent(sendRetry()!, 'begun', 0);
    }
    expect(ticket.outcomes).toEqual([{ kind: 'failed', code: 'poison' }]);
    expect(poisoned).toMatchObject([{ silences: 5 }]);
  });

  it('sends again, however often, what vanished with a Redis that lost its data', () => {
    const { outstanding, sendNew, sendRetry } = table();
    const ticket = ticketOf();
    let job = sendNew([ticket]);
    for (let loss = 0; loss < 20; loss++) {
      outstanding.resolveSilent(job, 'gone', 0);
      job = sendRetry()!;
    }
    expect(ticket.outcomes).toEqual([]);
  });

  it('refuses a second frame of one name while the first is out', () => {
    const { outstanding } = table();
    const second = ticketOf();
    outstanding.add([ticketOf()]);
    expect(outstanding.add([second])).toEqual([]);
    expect(second.outcomes).toEqual([{ kind: 'failed', code: 'inference' }]);
  });

  it('settles every frame exactly once, whatever happens in whatever order', () => {
    const step = fc.record({
      what: fc.constantFrom('answer', 'expire', 'silent', 'retry', 'fail', 'answerOld'),
      frame: fc.nat(5),
      kind: fc.constantFrom(...REPLY_KINDS),
      state: fc.constantFrom('waiting' as const, 'begun' as const, 'gone' as const),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { outstanding, discarded, send } = table();
        const tickets = [0, 1, 2, 3, 4, 5].map((seq) =>
          ticketOf({ seq, camera: seq % 2 === 0 ? 'a' : 'b', ...(seq % 2 === 1 && { deadlineMs: 1000 }) }),
        );
        let placed = 0;
        const sendCounted = (frames: readonly OutstandingFrame[], nowMs: number) => {
          placed += frames.length;
          return send(frames, nowMs);
        };
        for (const parity of [0, 1])
          sendCounted(outstanding.add(tickets.filter((_ticket, seq) => seq % 2 === parity)), 0);
        const attempts = new Map<TestTicket, number>(tickets.map((ticket) => [ticket, 1]));
        let nowMs = 0;
        for (const { what, frame, kind, state } of steps) {
          const ticket = tickets[frame]!;
          nowMs += 150;
          if (what === 'answer') outstanding.answer(replyTo(ticket, attempts.get(ticket)!, kind), nowMs);
          if (what === 'answerOld') outstanding.answer(replyTo(ticket, 1, kind), nowMs);
          if (what === 'expire') outstanding.expire(nowMs);
          if (what === 'silent')
            for (const job of outstanding.silent(nowMs + 1e6)) outstanding.resolveSilent(job, state, nowMs);
          if (what === 'retry' || what === 'fail') {
            const retry = outstanding.takeRetry();
            if (retry === undefined) continue;
            attempts.set(retry.ticket as TestTicket, retry.attempt);
            if (what === 'fail') outstanding.failed(outstanding.open([retry], nowMs), nowMs);
            else sendCounted([retry], nowMs);
          }
        }
        outstanding.close();
        for (const { outcomes } of tickets) expect(outcomes).toHaveLength(1);
        expect(outstanding).toMatchObject({ frames: 0, jobs: 0, hasRetry: false });
        expect(discarded).toHaveLength(placed);
      }),
    );
  });
});
