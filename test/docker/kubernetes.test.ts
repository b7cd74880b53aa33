import { existsSync } from 'node:fs';
import { checkRedis, createRedis, waitForRedis } from '../../models/support/redis';
import { startRedisServer } from '../support/redis-server';
import { manifestFaults } from './support/kubernetes-schema';
import { isWorkload, kustomize, readKustomization, readManifests, selects } from './support/manifests';
import type { Manifest, Selector, Workload } from './support/manifests';
import { inRoot, read } from './support/repository';
import { itStartsSightline } from './support/sightline-role';
import type { SightlineRole } from './support/sightline-role';

const manifests = readManifests('autoscaled');
const workloads = manifests.filter(isWorkload);
const workload = (name: string) => workloads.find(({ metadata }) => metadata.name === `sightline-${name}`)!;
const ofKind = (...kinds: string[]) => manifests.filter(({ kind }) => kinds.includes(kind));
const labelsOf = ({ spec }: Workload) => spec.template.metadata.labels;

/** As the kubelet fills it in, with a made-up text for each secret. */
function envOf({ spec }: Workload): Record<string, string> {
  const env: Record<string, string> = {};
  for (const { name, value, valueFrom } of spec.template.spec.containers[0].env ?? []) {
    const secret = valueFrom?.secretKeyRef?.key.replaceAll('-', '');
    env[name] = secret ?? value!.replace(/\$\((\w+)\)/g, (_all, other: string) => env[other]!);
  }
  return env;
}

function roleOf(name: 'ingest' | 'worker'): SightlineRole {
  const { containers, terminationGracePeriodSeconds, volumes } = workload(name).spec.template.spec;
  const [{ args = [], volumeMounts, startupProbe, readinessProbe, livenessProbe }] = containers;
  const generated = readKustomization('base').configMapGenerator!;
  const files = volumes.flatMap(({ name, configMap }) => {
    const { mountPath = '' } = volumeMounts.find((mount) => mount.name === name) ?? {};
    const names = generated.find((map) => map.name === configMap?.name)?.files ?? [];
    return names.map((file) => [`${mountPath}/${file}`, inRoot('docker', 'kubernetes', 'base', file)]);
  });
  return {
    args,
    env: envOf(workload(name)),
    graceMs: terminationGracePeriodSeconds * 1000,
    files: Object.fromEntries(files) as Record<string, string>,
    probes: [startupProbe, readinessProbe, livenessProbe].flatMap(({ httpGet }) => httpGet?.path ?? []),
  };
}

describe('docker/kubernetes', () => {
  itStartsSightline(() => ({ ingest: roleOf('ingest'), worker: roleOf('worker') }));

  it('is as the schemas of Kubernetes, KEDA and the Prometheus operator have it', () => {
    expect(manifestFaults(manifests)).toEqual([]);
  });

  it('would be found out with a mistyped field or value', () => {
    const worker = workload('worker');
    const withSpec = (more: object): Manifest => ({ ...worker, spec: { ...worker.spec, ...more } });
    expect(manifestFaults([withSpec({ replica: 2 })])).not.toEqual([]);
    expect(manifestFaults([withSpec({ replicas: '2' })])).not.toEqual([]);
  });

  it('names files that are there, and no namespace', () => {
    for (const folder of ['base', 'autoscaled']) {
      const { resources, configMapGenerator = [] } = readKustomization(folder);
      for (const file of [...resources, ...configMapGenerator.flatMap(({ files }) => files)])
        expect([file, existsSync(inRoot('docker/kubernetes', folder, file))]).toEqual([file, true]);
    }
    expect(manifests.filter(({ metadata }) => metadata.namespace !== undefined)).toEqual([]);
  });

  const built = kustomize('autoscaled');
  (built === undefined ? it.skip : it)(
    'is built by kustomize, and leaves the number of workers to the scaler',
    () => {
      const replicas = (made: readonly Manifest[], name: string) =>
        made.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === name)!.spec['replicas'];
      expect(replicas(built!, 'sightline-worker')).toBeUndefined();
      expect(replicas(built!, 'sightline-ingest')).toBe(2);
      expect(replicas(kustomize('base')!, 'sightline-worker')).toBe(2);
    },
  );

  it('selects pods that there are', () => {
    const selectorOf = ({ kind, spec }: Manifest): Selector => {
      if (kind === 'Service') return { matchLabels: spec['selector'] as Record<string, string> };
      return (spec['selector'] ?? spec['podSelector']) as Selector;
    };
    const selecting = ofKind('Service', 'PodDisruptionBudget', 'NetworkPolicy', 'PodMonitor');
    expect(selecting.length).toBeGreaterThan(5);
    for (const manifest of selecting) {
      const name = manifest.metadata.name.replace('sightline-', '');
      const chosen = workloads.filter((each) => selects(selectorOf(manifest), labelsOf(each)));
      const names = chosen.map(({ metadata }) => metadata.name.replace('sightline-', '')).sort();
      expect([name, names]).toEqual([
        name,
        ['redis', 'ingest', 'worker'].includes(name) ? [name] : ['ingest', 'worker'],
      ]);
    }
    for (const each of workloads) expect(selects(each.spec.selector, labelsOf(each))).toBe(true);
  });

  it('runs every container without rights', () => {
    expect(workloads).toHaveLength(3);
    for (const { spec } of workloads) {
      const pod = spec.template.spec;
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      expect(pod.containers[0]).toMatchObject({
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        resources: { limits: { memory: expect.any(String) as string } },
      });
    }
  });

  it('takes every secret from keys that the runbook makes', () => {
    const made = [...read('docker', 'README.md').matchAll(/--from-literal=([a-z-]+)=/g)].map(
      ([, key]) => key,
    );
    const asked = workloads.flatMap(({ spec }) =>
      (spec.template.spec.containers[0].env ?? []).flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []),
    );
    expect(asked.length).toBeGreaterThan(4);
    for (const { name, key } of asked) {
      expect(name).toBe('sightline');
      expect(made).toContain(key);
    }
  });

  it('gives Redis settings under which a real one takes frames and events', async () => {
    const config = read('docker/kubernetes/base/redis.conf').replace(/^dir .*$/m, '');
    const server = await startRedisServer([], { config });
    const client = createRedis({ url: server.url, role: 'producer', purpose: 'test' });
    try {
      await waitForRedis(client, 'test', 5000);
      const facts = await checkRedis(client, 'test');
      expect(facts.maxmemoryPolicy).toBe('noeviction');
    } finally {
      client.disconnect();
      await server.close();
    }
  });
});
