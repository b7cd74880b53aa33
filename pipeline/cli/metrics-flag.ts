import type { Registry } from 'prom-client';
import { createMetricsServer } from '../metrics-server';
import { UsageError } from './usage';

/** The environment variable with the token that `/metrics` asks for. */
const TOKEN_VARIABLE = 'SIGHTLINE_METRICS_TOKEN';

/** `host:port`, `[v6]:port` or a port of loopback. */
const ADDRESS = /^(?:(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+)):)?(\d{1,5})$/i;

/**
 * Serves metrics and health where `--metrics host:port` says; without the flag does nothing. Resolves with what ends it.
 * Throws a UsageError for a text that is no address.
 */
export async function openMetrics(
  address: string | undefined,
  registry: Registry,
  isReady?: () => boolean,
): Promise<() => Promise<void>> {
  if (address === undefined) return () => Promise.resolve();
  const [, bracketed, name, digits] = ADDRESS.exec(address) ?? [];
  const host = bracketed ?? name ?? '127.0.0.1';
  const port = Number(digits ?? NaN);
  if (!(port <= 65_535)) {
    throw new UsageError(
      `--metrics: expected an address such as 127.0.0.1:9464 or a port, got ${JSON.stringify(address)}`,
    );
  }
  const token = process.env[TOKEN_VARIABLE];
  const server = await createMetricsServer({
    host,
    port,
    registry,
    ...(token !== undefined && token !== '' && { token }),
    ...(isReady !== undefined && { isReady }),
  });
  return () => server.close();
}
