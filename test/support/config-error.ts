import { ConfigError } from '../../config/config-error';

/** What reading a configuration throws; fails when it throws nothing. */
export function configErrorOf(load: () => unknown): ConfigError {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('expected a ConfigError, got a configuration');
}
