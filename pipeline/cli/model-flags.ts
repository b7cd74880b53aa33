import { defineConfig } from '../../config/define-config';
import type { Config } from '../../config/schema';
import { listFlag, numberFlag } from './usage';

/** Flags that say what to detect with. */
export interface ModelFlags {
  readonly model?: string;
  readonly providers?: string;
  readonly processes?: string;
  readonly batch?: string;
}

/** The `model` section of a configuration with these flags. Throws a UsageError or a ConfigError. */
export function modelConfig(flags: ModelFlags): Config['model'] {
  const providers = listFlag('--providers', flags.providers);
  const processes = numberFlag('--processes', flags.processes, { min: 1, max: 256, isWhole: true });
  const maxBatch = numberFlag('--batch', flags.batch, { min: 1, max: 64, isWhole: true });
  const { config } = defineConfig({
    model: {
      ...(flags.model !== undefined && { name: flags.model }),
      ...(providers !== undefined && { providers: providers }),
      ...(processes !== undefined && { processes }),
      ...(maxBatch !== undefined && { maxBatch }),
    },
    // The schema asks for a camera; a command that has inputs instead gives them one by one.
    cameras: { input: { url: 'input' } },
  });
  return config.model;
}
