import type { Command } from 'commander';
import { listModels, loadManifest } from '../../models/efficientvit/manifest';
import { addModelsAddCommand } from './models-add';

/** `sightline models`: the detectors there are, and how another becomes one. */
export function addModelsCommand(program: Command): void {
  const models = program.command('models').description('list the bundled detectors, or make your own usable');
  models
    .command('list')
    .description('print the bundled models: name, input, default score, licence, labels')
    .action(async () => {
      process.stdout.write(await listing());
    });
  addModelsAddCommand(models);
  for (const command of models.commands) command.exitOverride();
}

async function listing(): Promise<string> {
  const manifests = await Promise.all((await listModels()).map(loadManifest));
  const rows = manifests.map(({ name, input, thresholds, license, labels }) => [
    name,
    `${input.width}x${input.height}`,
    `score ${thresholds.score}`,
    license,
    labels.join(', '),
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`)
    .join('');
}
