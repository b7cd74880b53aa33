import { subscribeEvents } from '../../pipeline';

/**
 * A consumer as its users write one: prints `<entry id> <seq>` of each event, then acknowledges it. Of every hundred it holds the
 * last ten back, as one would that is killed before it is done with them.
 */
async function main([url, group, claimAfterMs]: readonly string[]): Promise<void> {
  const events = subscribeEvents({
    ...{ url: url!, group: group!, from: 'oldest', maxInFlight: 500 },
    claimAfterMs: Number(claimAfterMs),
  });
  for await (const delivery of events) {
    if (delivery.kind !== 'event') continue;
    process.stdout.write(`${delivery.entryId} ${String(delivery.seq)} ${delivery.event.id}\n`);
    if (delivery.seq % 100 <= 90) await delivery.ack();
  }
}

void main(process.argv.slice(2));
