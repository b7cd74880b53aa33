import { join } from 'node:path';
import ts from 'typescript';
import { packageRoot } from '../../../models/support/package-root';
import type { Manifest } from './manifests';

/** Packages with the API's schemas, by the API groups that Kubernetes itself does not have. */
const PACKAGES: Readonly<Record<string, string>> = {
  'keda.sh': '@kubernetes-models/keda',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
};

type Model = new (data: unknown) => { validate(): void };

function modulePath({ apiVersion, kind }: Manifest): string {
  const [group = ''] = apiVersion.split('/');
  return `${PACKAGES[group] ?? 'kubernetes-models'}/${apiVersion}/${kind}`;
}

/**
 * What is wrong with objects by the OpenAPI schemas of Kubernetes, KEDA and the Prometheus operator, which the packages
 * kubernetes-models and its kin bring: as validators, which let unknown fields pass, and as types, by which TypeScript finds
 * those.
 */
export function manifestFaults(manifests: readonly Manifest[]): readonly string[] {
  return [...manifests.flatMap(schemaFaults), ...typeFaults(manifests)];
}

function schemaFaults(manifest: Manifest): readonly string[] {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- which package it is, the manifest says
  const models = require(modulePath(manifest)) as Readonly<Record<string, Model>>;
  try {
    new models[manifest.kind]!(manifest).validate();
    return [];
  } catch (error) {
    return [`${manifest.metadata.name}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function typeFaults(manifests: readonly Manifest[]): readonly string[] {
  const path = join(packageRoot, 'test', 'docker', 'manifests.virtual.ts');
  const text = manifests
    .map((manifest, index) => {
      const type = `import('${require.resolve(modulePath(manifest)).replace(/\.js$/, '')}').I${manifest.kind}`;
      return `export const object${index}: ${type} = ${JSON.stringify(manifest, undefined, 1)};`;
    })
    .join('\n');
  const options: ts.CompilerOptions = {
    ...{ strict: true, noEmit: true, skipLibCheck: true, types: [] },
    ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.Node16 },
    moduleResolution: ts.ModuleResolutionKind.Node16,
  };
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (name) => name === path || disk.fileExists(name),
    readFile: (name) => (name === path ? text : disk.readFile(name)),
    getSourceFile: (name, ...rest) =>
      name === path
        ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true)
        : disk.getSourceFile(name, ...rest),
  };
  const program = ts.createProgram([path], options, host);
  return [
    ...program.getGlobalDiagnostics(),
    ...program.getSemanticDiagnostics(program.getSourceFile(path)),
  ].map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}
