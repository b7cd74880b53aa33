import type { Command } from 'commander';
import { checkAgainstModel } from '../../config/check-against-model';
import { ConfigError, formatFault } from '../../config/config-error';
import type { ConfigFault } from '../../config/config-error';
import { loadConfig } from '../../config/load';
import { toPipelineError } from '../../models/domain/errors';
import { loadManifest } from '../../models/efficientvit/manifest';
import { EXIT } from './usage';

/** `sightline validate`: every fault of a configuration with its path and line; exit code 1 when there is one. */
export function addValidateCommand(program: Command): void {
  program
    .command('validate')
    .description('check a configuration file and list every fault')
    .argument('<config>', 'the YAML file')
    .action(async (path: string) => {
      const faults = await faultsOf(path);
      if (faults.length === 0) {
        process.stdout.write(`${path}: no faults\n`);
        return;
      }
      for (const fault of faults) process.stdout.write(`${formatFault(fault, path)}\n`);
      process.exitCode = EXIT.failed;
    });
}

async function faultsOf(path: string): Promise<readonly ConfigFault[]> {
  try {
    const loaded = loadConfig(path);
    try {
      const manifest = await loadManifest(loaded.config.model.name);
      return checkAgainstModel(loaded, manifest.labels);
    } catch (error) {
      const position = loaded.locate(['model', 'name']);
      return [{ path: 'model.name', ...position, message: toPipelineError(error, 'model').message }];
    }
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}
