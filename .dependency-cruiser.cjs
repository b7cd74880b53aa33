/** The import table of ARCHITECTURE.md as rules. */
const only = (from, to) => ({
  name: `${from}-imports-only-${to.length === 0 ? 'itself' : to.join('-and-')}`,
  severity: 'error',
  from: { path: `^${from}/` },
  to: {
    path: '^(models|config|operators|workers|pipeline|test)/',
    pathNot: `^(${[from, ...to].join('|')})/`,
  },
});
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    only('models', []),
    only('config', ['models']),
    only('operators', ['models']),
    only('workers', ['models', 'config']),
    only('pipeline', ['models', 'config', 'operators', 'workers']),
    {
      name: 'fluent-ffmpeg-behind-its-adapter',
      severity: 'error',
      from: {
        path: '^(models|config|operators|workers|pipeline)/',
        pathNot: '^operators/support/ffmpeg-process\\.ts$',
      },
      to: { path: 'fluent-ffmpeg' },
    },
    {
      name: 'onnxruntime-in-one-file',
      severity: 'error',
      from: {
        path: '^(models|config|operators|workers|pipeline)/',
        pathNot: '^models/efficientvit/session\\.ts$',
      },
      to: { path: 'onnxruntime-node' },
    },
    {
      name: 'sharp-in-one-file',
      severity: 'error',
      from: {
        path: '^(models|config|operators|workers|pipeline)/',
        pathNot: '^operators/support/jpeg-encoder\\.ts$',
      },
      to: { path: 'node_modules/sharp/' },
    },
    {
      name: 'redis-clients-made-in-one-file',
      severity: 'error',
      from: {
        path: '^(models|config|operators|workers|pipeline)/',
        pathNot: '^models/support/redis(-client|-cluster-end)?\\.ts$',
      },
      to: { path: 'ioredis', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'declared-packages-only',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
