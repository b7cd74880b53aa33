import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { inRoot, read } from './repository';

type Labels = Readonly<Record<string, string>>;

/** A label selector of any kind of object. */
export interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
}

interface SecretKey {
  readonly name: string;
  readonly key: string;
}

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string };
}

/** What the tests read of a container. */
export interface Container {
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef?: SecretKey };
  }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly resources: { readonly requests: Labels; readonly limits: Labels };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

/** What the tests read of a pod. */
export interface PodSpec {
  readonly containers: readonly [Container];
  readonly terminationGracePeriodSeconds: number;
  readonly volumes: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[];
}

/** A Kubernetes object as its file has it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** A manifest that makes pods. */
export interface Workload extends Manifest {
  readonly spec: {
    readonly selector: Selector;
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
  };
}

/** A kustomization file. */
export interface Kustomization {
  readonly resources: readonly string[];
  readonly configMapGenerator?: readonly { readonly name: string; readonly files: readonly string[] }[];
}

const FOLDER = join('docker', 'kubernetes');

/** The kustomization of a folder of docker/kubernetes. */
export function readKustomization(folder: string): Kustomization {
  return parse(read(FOLDER, folder, 'kustomization.yaml')) as Kustomization;
}

/** Every object that a kustomization names, bases included, before its patches. */
export function readManifests(folder: string): readonly Manifest[] {
  return readKustomization(folder).resources.flatMap((resource) => {
    if (resource.startsWith('../')) return readManifests(join(dirname(folder), 'base'));
    return parseAllDocuments(read(FOLDER, folder, resource)).map((document) => document.toJS() as Manifest);
  });
}

export const isWorkload = (manifest: Manifest): manifest is Workload =>
  manifest.kind === 'Deployment' || manifest.kind === 'StatefulSet';

/** True when an object with these labels is meant. */
export function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ''))
  );
}

/** What `kubectl kustomize` makes of a folder; undefined without a kubectl. */
export function kustomize(folder: string): readonly Manifest[] | undefined {
  const { error, status, stdout, stderr } = spawnSync('kubectl', ['kustomize', inRoot(FOLDER, folder)], {
    encoding: 'utf8',
  });
  if (error !== undefined) return undefined;
  if (status !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
}
