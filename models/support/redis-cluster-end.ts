import type { Cluster } from 'ioredis';

/**
 * Makes a client of a cluster, and those duplicated from it, end when they are told to. ioredis 6 empties its pool of nodes and waits
 * until none is left; a command that hears meanwhile that its slot has moved puts one back, and the client stays `disconnecting`
 * for ever. BullMQ lets a worker's blocking connection connect anew that way, and the worker would never take a job again.
 */
export function endingAtOnce(cluster: Cluster): Cluster {
  const duplicate = cluster.duplicate.bind(cluster);
  cluster.duplicate = (...args) => endingAtOnce(duplicate(...args));
  cluster.on('+node', () => {
    // `true` leaves it as it is whether it is to connect again.
    setImmediate(() => {
      if (cluster.status === 'disconnecting') cluster.disconnect(true);
    });
  });
  // Once closed for good, each further node that ends sets the status of ioredis 6 back to `close`, in which commands of a
  // consumer wait for ever.
  let isEnded = false;
  return cluster
    .on('end', () => (isEnded = true))
    .on('connecting', () => (isEnded = false))
    .on('close', () => {
      if (isEnded) cluster.status = 'end';
    });
}
