// Tests see a copy of process.env, so that what models/efficientvit/session.ts sets would not reach onnxruntime.
process.env.ORT_DISABLE_TELEMETRY = '1';

/** @type {import('jest').Config} */
const base = {
  testEnvironment: 'node',
  transform: {
    '^.+\\.[cm]?ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
};
module.exports = {
  // Two cores run two real pipelines; two more workers fill the time in which tests wait for leases, heartbeats and timeouts.
  maxWorkers: 4,
  // Nobody waits for it where all goes well; a machine that others use too may take several times as long as ours.
  testTimeout: 240_000,
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['/test/integration/', '/test/bench/'],
    },
    { ...base, displayName: 'integration', testMatch: ['<rootDir>/test/integration/**/*.test.ts'] },
  ],
};
